// Traces and metrics that are sent to an OpenTelemetry collector.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type OtlpCollector, startCollector } from "../../support/clients/otlp-collector.ts";
import { type RunningService, startWithFake } from "../../support/start-service.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const CLIENT_SPAN = "b7ad6b7169203331";
const PATH = "/v1/chat/completions";

let collector: OtlpCollector;
let running: RunningService;
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(() => collector.close());

type Asked = { readonly traceparent?: string; readonly model?: string };

function ask({ traceparent, model }: Asked = {}): Promise<Response> {
  return fetch(`${running.url}${PATH}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(traceparent ? { traceparent } : {}) },
    body: JSON.stringify({
      ...(model ? { model } : {}),
      messages: [{ role: "user", content: "my secret question" }],
    }),
  });
}

const requestLines = () => running.logLines.filter(({ msg }) => msg === "request");
const spanNamed = (name: string) => collector.spans.find((span) => span.name === name);

test("a request is a span in the trace of its client, with its phases and tokens, and its log line has the trace", async () => {
  running = await startWithFake(
    { texts: ["my secret answer"], tokens: 3 },
    { otlpEndpoint: collector.url, otlpServiceName: "chat-of-tests" },
  );
  expect((await ask({ traceparent: `00-${TRACE}-${CLIENT_SPAN}-01` })).status).toBe(200);
  await running.close(); // sends what is left

  const span = spanNamed("chat builtin");
  expect(span).toMatchObject({
    ...{ traceId: TRACE, parentSpanId: CLIENT_SPAN },
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.request.model": "builtin",
      "gen_ai.response.finish_reasons": ["stop"],
      "gen_ai.usage.output_tokens": 3,
      "http.response.status_code": 200,
      "http.route": PATH,
    },
  });
  const phases = collector.spans.filter(({ parentSpanId }) => parentSpanId === span?.spanId);
  expect(phases.map(({ name }) => name)).toEqual(["prepare", "queue", "prefill", "decode"]);
  for (const [index, { traceId, startNanos, endNanos }] of phases.entries()) {
    expect(traceId).toBe(TRACE);
    expect(startNanos).toBe(phases[index - 1]?.endNanos ?? span?.startNanos);
    expect(endNanos).toBeGreaterThanOrEqual(startNanos);
  }
  expect(collector.resources[0]).toMatchObject({ "service.name": "chat-of-tests" });
  expect(requestLines()).toMatchObject([{ traceId: TRACE }]);
  expect(Buffer.concat(collector.bytes).includes("secret")).toBe(false);
});

test("the metrics of a model server are sent", async () => {
  running = await startWithFake({ tokens: 3 }, { otlpEndpoint: collector.url });
  for (const _ of [1, 2]) expect((await ask()).status).toBe(200);
  expect((await ask({ model: "unknown" })).status).toBe(404);
  await running.close();

  expect(Object.fromEntries(collector.histograms)).toEqual({
    "gen_ai.server.request.duration": [2],
    "gen_ai.server.time_to_first_token": [2],
    "gen_ai.server.time_per_output_token": [2],
  });
});

test("a refused request is a span with its error, in a trace of its own", async () => {
  running = await startWithFake({}, { otlpEndpoint: collector.url });
  expect((await ask({ model: "unknown", traceparent: "nonsense" })).status).toBe(404);
  await running.close();

  const [span, ...others] = collector.spans;
  expect(others).toEqual([]);
  expect(span).toMatchObject({ parentSpanId: "", attributes: { "error.type": "model_not_found" } });
  expect(requestLines()).toMatchObject([{ traceId: span?.traceId }]);
});

test("a client's sampling holds for its trace; without one the share of the settings does", async () => {
  running = await startWithFake({}, { otlpEndpoint: collector.url, otlpSampling: 0 });
  await ask();
  await ask({ traceparent: `00-${TRACE}-${CLIENT_SPAN}-00` });
  await ask({ traceparent: `00-${TRACE}-${CLIENT_SPAN}-01` });
  await running.close();

  expect(collector.spans.filter(({ name }) => name === "chat builtin")).toMatchObject([
    { traceId: TRACE },
  ]);
  expect(collector.histograms.get("gen_ai.server.request.duration")).toEqual([3]);
});

test("each request to the collector has the headers of the settings and of their file", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-otlp-"));
  const otlpHeadersFile = path.join(folder, "headers");
  writeFileSync(otlpHeadersFile, "authorization=Bearer secret=\n\n");
  const otlpHeaders = ["x-tenant=a b"];
  running = await startWithFake({}, { otlpEndpoint: collector.url, otlpHeaders, otlpHeadersFile });
  await ask();
  await running.close();
  rmSync(folder, { recursive: true });

  expect(collector.headers.length).toBe(2);
  for (const headers of collector.headers)
    expect(headers).toMatchObject({ authorization: "Bearer secret=", "x-tenant": "a b" });
});

test("a collector that refuses everything costs one log line", async () => {
  const refusing = await startCollector(400);
  running = await startWithFake({}, { otlpEndpoint: refusing.url });
  for (const _ of [1, 2, 3]) expect((await ask()).status).toBe(200);
  await running.close(); // the traces and the metrics are refused
  await refusing.close();

  const told = running.logLines.filter(({ msg }) => /could not be sent/.test(String(msg)));
  expect(told).toMatchObject([{ level: 40 }]);
  expect(refusing.headers.length).toBe(2);
});

test("requests are answered, and the server ends, without a collector at the address", async () => {
  const gone = await startCollector();
  await gone.close();
  running = await startWithFake({}, { otlpEndpoint: gone.url });
  expect((await ask()).status).toBe(200);
  await running.close();

  expect(requestLines()).toMatchObject([{ outcome: "stop" }]);
});

test("without a collector nothing is traced", async () => {
  running = await startWithFake();
  await ask({ traceparent: `00-${TRACE}-${CLIENT_SPAN}-01` });
  await running.close();

  expect(requestLines()[0]).not.toHaveProperty("traceId");
  expect(collector.bytes).toEqual([]);
});
