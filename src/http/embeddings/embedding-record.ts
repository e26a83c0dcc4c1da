// What one request for vectors or scores went through: becomes one log line, and observations.

import { toServiceError } from "../../errors.ts";
import { logEnd, type RecordOptions } from "../generate/request-record.ts";

export class EmbeddingRecord {
  readonly #options: RecordOptions;
  readonly #arrivedAtMs = performance.now();
  /** The model's id once it is known. */
  model: string | null = null;
  /** Waiting for the worker, in ms. */
  queueMs = 0;
  /** Computed so far. */
  inputs = 0;
  promptTokens = 0;

  constructor(options: RecordOptions) {
    this.#options = options;
  }

  /** Since it arrived, in ms. */
  get ageMs(): number {
    return performance.now() - this.#arrivedAtMs;
  }

  /** One log line and the metrics. To be called exactly once. */
  end(error: unknown): void {
    const { metrics, log, requestId, path } = this.#options;
    const { model, queueMs, inputs, promptTokens } = this;
    const failure = error === null ? null : toServiceError(error);
    const totalMs = this.ageMs;
    metrics.requestEnded(failure?.code ?? "computed", null);
    metrics.inputsComputed({ inputs, promptTokens, queueMs, totalMs });
    const line = {
      requestId,
      path,
      model,
      outcome: failure?.code ?? "computed",
      inputs,
      tokensIn: promptTokens,
      queueMs: Math.round(queueMs),
      totalMs: Math.round(totalMs),
    };
    logEnd(log, line, failure);
  }
}
