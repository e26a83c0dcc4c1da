// Gathers the facts of one embedding or rerank request. They become one log line and metrics.

import { toServiceError } from "../../errors.ts";
import type { Admission } from "../../queue/admission.ts";
import { logEnd, type RecordOptions } from "../generate/request-record.ts";

export class EmbeddingRecord {
  readonly #options: RecordOptions;
  readonly #arrivedAtMs = performance.now();
  /** Null until the request is parsed. */
  model: string | null = null;
  /** Null until the request is in the queue for the worker. */
  admission: Pick<Admission, "waitedMs"> | null = null;
  /** Inputs computed so far. */
  inputs = 0;
  promptTokens = 0;
  readonly isStreamed = false;

  constructor(options: RecordOptions) {
    this.#options = options;
  }

  get ageMs(): number {
    return performance.now() - this.#arrivedAtMs;
  }

  get tokens() {
    return { promptTokens: this.promptTokens, generatedTokens: 0 };
  }

  /** Writes the log line and the metrics. Must be called exactly once. */
  end(error: unknown): void {
    const { metrics, log, requestId, path } = this.#options;
    const { model, inputs, promptTokens } = this;
    const queueMs = this.admission?.waitedMs ?? 0;
    const failure = error === null ? null : toServiceError(error);
    const outcome = failure?.code ?? "computed";
    const totalMs = this.ageMs;
    metrics.requestEnded(outcome, null);
    metrics.inputsComputed({ inputs, promptTokens, queueMs, totalMs });
    const line = {
      requestId,
      path,
      model,
      outcome,
      inputs,
      tokensIn: promptTokens,
      queueMs: Math.round(queueMs),
      totalMs: Math.round(totalMs),
    };
    logEnd(log, line, failure);
  }
}
