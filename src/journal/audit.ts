// The audit: one line of JSON for each ended request and for each administrative act. Never a prompt, an answer or a key.

import type { AuditFile } from "./audit-file.ts";
import type { AnswerWork, EmbeddingWork, EndedRequest } from "./journal.ts";
import { ModelFingerprints } from "./model-fingerprints.ts";

/** Something that an administrator had the server do. */
export type AdminAct = Pick<EndedRequest, "requestId" | "key" | "client" | "status"> & {
  /** Such as `POST /v1/models/load`. */
  readonly act: string;
  /** As the request named it; null if it named none. */
  readonly model: string | null;
};

export type AuditOptions = {
  readonly file: Pick<AuditFile, "append" | "close">;
  /** The file of a model by its name; null for one that is not served. */
  readonly fileOf: (model: string) => string | null;
};

/** A path or a name that a client sent is cut to this length. */
const MAX_CHARS = 200;

export class Audit {
  readonly #options: AuditOptions;
  readonly #fingerprints = new ModelFingerprints();

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  /** A reader of the journal. */
  readonly ended = (request: EndedRequest): void => {
    const { requestId, path, key, client, status, outcome, work } = request;
    const model = work?.model ?? null;
    this.#append({
      event: "request",
      requestId,
      path: path && shortened(path),
      key,
      client,
      status,
      outcome,
      model,
      modelFile: this.#fingerprintOf(model),
      ...tokensOf(work),
    });
  };

  acted({ requestId, act, key, client, status, model }: AdminAct): void {
    const named = model && shortened(model);
    const done = shortened(act);
    this.#append({ event: "admin", requestId, act: done, key, client, status, model: named });
  }

  close(): Promise<void> {
    return this.#options.file.close();
  }

  #append(fields: object): void {
    this.#options.file.append(JSON.stringify({ time: new Date().toISOString(), ...fields }));
  }

  #fingerprintOf(model: string | null) {
    const file = model === null ? null : this.#options.fileOf(model);
    return file === null ? null : this.#fingerprints.of(file);
  }
}

/** Tokens are null for a request that was refused before it had any. */
function tokensOf(work: AnswerWork | EmbeddingWork | null) {
  if (work?.type === "embedding")
    return { tokensIn: work.promptTokens, tokensCached: 0, tokensOut: 0 };
  const usage = work?.receipt.usage ?? null;
  return {
    tokensIn: usage?.promptTokens ?? null,
    tokensCached: usage?.cachedTokens ?? null,
    tokensOut: usage?.completionTokens ?? null,
  };
}

function shortened(text: string): string {
  return text.slice(0, MAX_CHARS).toWellFormed();
}
