// Gathers the facts of one embedding or rerank request. They become its entry in the journal.

import type { EmbeddingWork } from "../../journal/journal.ts";
import type { Admission } from "../../queue/admission.ts";

export class EmbeddingRecord {
  readonly #arrivedAtMs = performance.now();
  /** Null until the request is parsed. */
  model: string | null = null;
  servedModel: string | null = null;
  /** Null until the request is in the queue for the worker. */
  admission: Pick<Admission, "waitedMs"> | null = null;
  /** Inputs computed so far. */
  inputs = 0;
  promptTokens = 0;
  readonly isStreamed = false;

  get ageMs(): number {
    return performance.now() - this.#arrivedAtMs;
  }

  get tokens() {
    return { promptTokens: this.promptTokens, generatedTokens: 0 };
  }

  get work(): EmbeddingWork {
    const { model, servedModel, inputs, promptTokens, ageMs: totalMs } = this;
    const queueMs = this.admission?.waitedMs ?? 0;
    return { type: "embedding", model, servedModel, inputs, promptTokens, queueMs, totalMs };
  }
}
