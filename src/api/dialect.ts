// The interface that each wire format implements: a body becomes GenerateRequests, what the engine yields becomes frames
// or one body. Pure: no I/O, no clock, no randomness of its own.

import type { ServiceError } from "../errors.ts";
import type { Choice } from "../generation/choice.ts";
import type { Delta, Ending, PromptProgress, Receipt } from "../generation/events.ts";
import type { GenerateRequest } from "../generation/request.ts";
import type { Contract } from "./contract.ts";

export type ParseContext = {
  /** What the operator allows when the client sets no limit; null: as many tokens as the context holds. */
  readonly defaultMaxTokens: number | null;
  /** Whether clients may send grammars of their own. */
  readonly allowsGrammar: boolean;
  /** A fresh seed for a request that brings none. */
  readonly randomSeed: () => number;
};

/** What an answer says about itself, fixed before its first byte. */
export type AnswerIdentity = {
  /** Unique part of the answer's id. */
  readonly id: string;
  /** The served id that the client asked for, or the model's real id if it asked for another name. */
  readonly model: string;
  readonly createdAtSeconds: number;
};

/** One server-sent event, before it is bytes. */
export type Frame = {
  /** SSE `event:` field, for the dialects that name their events. */
  readonly event?: string;
  /** SSE `id:` field, for clients that come back with `Last-Event-ID`. */
  readonly id?: string;
  /** One line. */
  readonly data: string;
};

/**
 * Encodes one answer of one or several choices. Streamed: for each choice any number of deltas, then its finish; the last
 * choice to finish brings the receipt. Buffered: `body` alone.
 */
export interface AnswerEncoder {
  delta(choice: number, delta: Delta): readonly Frame[];
  progress(choice: number, progress: PromptProgress): readonly Frame[];
  finish(choice: number, ending: Ending, receipt: Receipt | null): readonly Frame[];
  body(choices: readonly Choice[], receipt: Receipt): object;
}

/** When the text that has come goes out: with every token, at the end of a word or a sentence, or after so many ms. */
export type Flush = "token" | "word" | "sentence" | number;

export type ParsedRequest = {
  /** One for each choice of the answer, in the order of their indices. */
  readonly requests: readonly GenerateRequest[];
  /** So many choices in a row are of the same prompt. */
  readonly choicesPerPrompt: number;
  /** As the client wrote it; null when it named none. */
  readonly model: string | null;
  readonly isStreamed: boolean;
  readonly flush: Flush;
  /** Whether nobody waits for it: it runs behind the rest. */
  readonly isFlex: boolean;
  /** Fields that nobody knows or that could not be enforced: accepted, and named in `x-ignored-params`. */
  readonly ignoredParams: readonly string[];
  readonly encoder: (identity: AnswerIdentity) => AnswerEncoder;
};

export interface Dialect {
  /** e.g. `/v1/chat/completions`. */
  readonly path: string;
  readonly contract: Contract;
  /** @throws ServiceError 400, naming the field */
  parse(body: unknown, context: ParseContext): ParsedRequest;
  /** The error envelope, as a body and as the data of a stream's last event. */
  encodeError(error: ServiceError, requestId: string): object;
  /** What a stream has beside its answer. Without these an error's event has no name, and a heartbeat is a comment. */
  readonly named?: {
    /** SSE `event:` field of an error. */
    readonly error: string;
    readonly heartbeat: Frame;
  };
}
