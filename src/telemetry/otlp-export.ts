// The OpenTelemetry SDK: makes spans and measurements of ended requests, and sends them by OTLP over HTTP (protobuf). Loaded by
// telemetry.ts on demand.

import {
  type Context,
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace as traceApi,
} from "@opentelemetry/api";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type IdGenerator,
  ParentBasedSampler,
  RandomIdGenerator,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import type { EndedRequest, RequestTrace } from "../journal/journal.ts";
import { metricAttributes, SCHEMA_URL, spanFacts } from "./request-facts.ts";
import { requestHistograms } from "./request-histograms.ts";

export type OtlpOptions = {
  /** Without the paths of the signals: `http://localhost:4318`. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  readonly serviceVersion: string;
  /** The share of the traces that begin here and are sent, from 0 to 1. A client that sends its context decides for its own. */
  readonly sampling: number;
  /** How often metrics are sent. */
  readonly metricsIntervalMs: number;
  readonly onFailure: (error: Error | undefined) => void;
};

const SEND_TIMEOUT_MS = 10_000;
/** Spans that wait to be sent; further ones are dropped. */
const MAX_SPANS = 2_048;

/** Spans of requests have the ids that the log has too. */
class ChosenIds implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  /** The ids of the next span; null for random ones. */
  next: Pick<RequestTrace, "traceId" | "spanId"> | null = null;

  generateTraceId(): string {
    return this.next?.traceId ?? this.#random.generateTraceId();
  }

  generateSpanId(): string {
    return this.next?.spanId ?? this.#random.generateSpanId();
  }
}

export class OtlpExport {
  readonly #ids = new ChosenIds();
  readonly #traces: BasicTracerProvider;
  readonly #metrics: MeterProvider;
  readonly #tracer;
  readonly #record;

  constructor(options: OtlpOptions) {
    const { serviceName, serviceVersion, sampling } = options;
    const resource = resourceFromAttributes({
      "service.name": serviceName,
      "service.version": serviceVersion,
    });
    const { spans, metrics } = exportersOf(options);
    this.#traces = new BasicTracerProvider({
      resource,
      idGenerator: this.#ids,
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampling) }),
      spanProcessors: [new BatchSpanProcessor(spans, { maxQueueSize: MAX_SPANS })],
    });
    const reader = new PeriodicExportingMetricReader({
      exporter: metrics,
      exportIntervalMillis: options.metricsIntervalMs,
      exportTimeoutMillis: Math.min(SEND_TIMEOUT_MS, options.metricsIntervalMs),
    });
    this.#metrics = new MeterProvider({ resource, readers: [reader] });
    const scope = [serviceVersion, { schemaUrl: SCHEMA_URL }] as const;
    this.#tracer = this.#traces.getTracer("sluice", ...scope);
    this.#record = requestHistograms(this.#metrics.getMeter("sluice", ...scope));
  }

  /** @param endedAt Unix time in ms */
  ended(request: EndedRequest, endedAt: number): void {
    const attributes = metricAttributes(request);
    if (attributes) this.#record(request, attributes);
    if (request.trace) this.#span(request, request.trace, endedAt);
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#traces.shutdown(), this.#metrics.shutdown()]);
  }

  #span(request: EndedRequest, trace: RequestTrace, endedAt: number): void {
    const { name, attributes, isServerError, phases } = spanFacts(request);
    const { arrivedAt } = trace;
    this.#ids.next = trace;
    const options = { kind: SpanKind.SERVER, startTime: arrivedAt, attributes };
    const span = this.#tracer.startSpan(name, options, parentOf(trace));
    this.#ids.next = null;
    if (isServerError) span.setStatus({ code: SpanStatusCode.ERROR });
    const inside = traceApi.setSpan(ROOT_CONTEXT, span);
    for (const { name: phase, fromMs, toMs } of phases) {
      const startTime = arrivedAt + fromMs;
      this.#tracer.startSpan(phase, { startTime }, inside).end(arrivedAt + toMs);
    }
    span.end(endedAt);
  }
}

function exportersOf({ endpoint, headers, onFailure }: OtlpOptions) {
  const base = endpoint.replace(/\/+$/, "");
  const common = { headers: { ...headers }, timeoutMillis: SEND_TIMEOUT_MS };
  const spans = new OTLPTraceExporter({ ...common, url: `${base}/v1/traces` });
  const metrics = new OTLPMetricExporter({ ...common, url: `${base}/v1/metrics` });
  return { spans: reporting(spans, onFailure), metrics: reporting(metrics, onFailure) };
}

type ExportResult = { readonly code: number; readonly error?: Error };
type Exporter<Items> = {
  export(items: Items, done: (result: ExportResult) => void): void;
};

/** Failures are told here, because the SDK would write them to its own log. */
function reporting<Items, E extends Exporter<Items>>(
  exporter: E & Exporter<Items>,
  onFailure: OtlpOptions["onFailure"],
): E {
  const send = exporter.export.bind(exporter);
  exporter.export = (items, done) =>
    send(items, (result) => {
      if (result.code !== 0) onFailure(result.error);
      done({ code: 0 });
    });
  return exporter;
}

/** The client's span. */
function parentOf({ traceId, parent }: RequestTrace): Context {
  if (!parent) return ROOT_CONTEXT;
  return traceApi.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId: parent.spanId,
    traceFlags: parent.isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(parent.state === null ? {} : { traceState: createTraceState(parent.state) }),
  });
}
