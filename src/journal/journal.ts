// What every request leaves behind when it ends. Whoever counts or writes about requests reads it here: the log, the metrics.

import type { ErrorCode, ServiceError } from "../errors.ts";
import type { LoggedMiss } from "../generation/cache-miss.ts";
import type { FinishReason, Receipt } from "../generation/events.ts";
import type { PackedGaps } from "./gap-counts.ts";

/**
 * How a request ended: the finish reason, `computed` for embeddings and rerank scores, or an error code. A closed set, so
 * that it can be a label.
 */
type RequestOutcome = FinishReason | "computed" | ErrorCode;

/** A request for an answer. */
export type AnswerWork = {
  readonly type: "answer";
  /** The name under which the client asked for it; null if the request was refused before its model was known. */
  readonly model: string | null;
  /** The first name of that model, whichever name the client used. */
  readonly servedModel: string | null;
  readonly isStreamed: boolean;
  /** Whether its prompt was counted: otherwise the receipt has no tokens. */
  readonly isPrepared: boolean;
  readonly receipt: Receipt;
  /** Between the tokens of a choice, the mean over all choices, in ms; null with fewer than two tokens. */
  readonly interTokenMs: number | null;
  /** The times between its tokens. */
  readonly gaps: PackedGaps;
  /** Why its prompt missed the cache; null if it did not. */
  readonly miss: LoggedMiss | null;
};

/** A request for embeddings or rerank scores. */
export type EmbeddingWork = {
  readonly type: "embedding";
  readonly model: string | null;
  readonly servedModel: string | null;
  /** Inputs that were computed. */
  readonly inputs: number;
  readonly promptTokens: number;
  readonly queueMs: number;
  readonly totalMs: number;
};

/** The place of a request in a distributed trace: https://www.w3.org/TR/trace-context/. */
export type RequestTrace = {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** Of this request's span: 16 hexadecimal digits. */
  readonly spanId: string;
  /** The span of the client; null if it sent none. */
  readonly parent: {
    readonly spanId: string;
    readonly isSampled: boolean;
    /** The header `tracestate`; null without one. */
    readonly state: string | null;
  } | null;
  readonly method: string;
  /** Unix time in ms. */
  readonly arrivedAt: number;
};

export type EndedRequest = {
  readonly requestId: string;
  /** Null if the request was no valid HTTP. */
  readonly path: string | null;
  /** The name of its API key; null without a valid one. */
  readonly key: string | null;
  /** The client's address: behind a trusted proxy the one that the proxy names. Null if it is unknown. */
  readonly client: string | null;
  /** The HTTP status of the answer; 499 if the client left before it. */
  readonly status: number;
  readonly outcome: RequestOutcome;
  /** Null for a complete answer. */
  readonly failure: ServiceError | null;
  /** Null without tracing, and for a request that was no valid HTTP. */
  readonly trace: RequestTrace | null;
  /** Null for a request that was refused before a handler took it. */
  readonly work: AnswerWork | EmbeddingWork | null;
};

/** Must not throw. */
export type JournalReader = (request: EndedRequest) => void;

export class Journal {
  readonly #readers: readonly JournalReader[];

  /** @param readers are told about each request, in this order */
  constructor(readers: readonly JournalReader[]) {
    this.#readers = readers;
  }

  /** Must be called exactly once for each request. */
  ended(request: EndedRequest): void {
    for (const read of this.#readers) read(request);
  }
}
