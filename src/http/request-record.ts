// What one request went through, gathered on its way: becomes the client's receipt, one log line, and observations.

import type { Logger } from "pino";
import { type ServiceError, stackOf, toServiceError } from "../errors.ts";
import type { FinishReason, GenerateEvent, Receipt, Usage } from "../generation/events.ts";
import type { PreparedRequest } from "../generation/request.ts";
import type { Metrics, Outcome } from "../metrics.ts";

export type RecordOptions = {
  readonly requestId: string;
  readonly path: string;
  readonly metrics: Metrics;
  readonly log: Logger;
};

export class RequestRecord {
  readonly #options: RecordOptions;
  readonly #arrivedAtMs = performance.now();
  #prepared: PreparedRequest | null = null;
  #generatedTokens = 0;
  #firstTokenMs: number | null = null;
  #lastTokenAtMs = 0;
  #finish: { usage: Usage; prefillMs: number; reason: FinishReason } | null = null;
  /** The model's id once it is known. */
  model: string | null = null;
  /** Waiting for slots, in ms. */
  queueMs = 0;
  isStreamed = false;

  constructor(options: RecordOptions) {
    this.#options = options;
  }

  prepared(request: PreparedRequest): void {
    this.#prepared = request;
  }

  event(event: GenerateEvent): void {
    if (event.type === "finish") {
      this.#finish = event;
      return;
    }
    if (this.#firstTokenMs === null) this.#firstTokenMs = event.atMs - this.#arrivedAtMs;
    else this.#options.metrics.tokensArrived(event.atMs - this.#lastTokenAtMs, event.tokens);
    this.#lastTokenAtMs = event.atMs;
    this.#generatedTokens += event.tokens;
  }

  /** The answer starts anew: nothing of it had been sent. */
  restart(): void {
    this.#firstTokenMs = null;
    this.#generatedTokens = 0;
  }

  /** As far as it has come. */
  get receipt(): Receipt {
    return {
      queueMs: this.queueMs,
      prefillMs: this.#finish?.prefillMs ?? 0,
      firstTokenMs: this.#firstTokenMs,
      totalMs: performance.now() - this.#arrivedAtMs,
      usage: this.#finish?.usage ?? {
        promptTokens: this.#prepared?.promptTokens.length ?? 0,
        cachedTokens: 0,
        completionTokens: this.#generatedTokens,
      },
      seed: this.#prepared?.sampling.seed ?? 0,
    };
  }

  /** One log line and the metrics. To be called exactly once. */
  end(error: unknown): void {
    const { metrics, log, requestId, path } = this.#options;
    const failure = error === null ? null : toServiceError(error);
    const outcome: Outcome = failure?.code ?? this.#finish?.reason ?? "internal_error";
    const { receipt } = this;
    metrics.requestEnded(outcome, this.#prepared ? receipt : null);
    const line = {
      requestId,
      path,
      model: this.model,
      outcome,
      streamed: this.isStreamed,
      tokensIn: receipt.usage.promptTokens,
      tokensCached: receipt.usage.cachedTokens,
      tokensOut: receipt.usage.completionTokens,
      queueMs: Math.round(receipt.queueMs),
      prefillMs: Math.round(receipt.prefillMs),
      ttftMs: receipt.firstTokenMs === null ? null : Math.round(receipt.firstTokenMs),
      totalMs: Math.round(receipt.totalMs),
    };
    logEnd(log, line, failure);
  }
}

type EndLine = { readonly requestId: string } & Readonly<Record<string, unknown>>;

/** The one line of a request that has ended. A bug also leaves its stack. */
export function logEnd(log: Logger, line: EndLine, failure: ServiceError | null): void {
  if (failure?.traits.status === 500) log.error({ ...line, reason: failure.message }, "request");
  else if (failure && failure.traits.status > 500)
    log.warn({ ...line, reason: failure.message }, "request");
  else log.info(line, "request");
  if (failure?.code === "internal_error") {
    log.error({ requestId: line.requestId, stack: stackOf(failure.cause) }, "bug");
  }
}
