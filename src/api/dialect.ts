// The interface that each wire format implements: a body becomes AskedRequests, what the engine yields becomes frames
// or one body. Pure: no I/O, no clock, no randomness of its own.

import type { ServiceError } from "../errors.ts";
import type { Choice } from "../generation/choice.ts";
import type { Delta, Ending, PromptProgress, Receipt } from "../generation/events.ts";
import type { AskedRequest } from "../generation/request.ts";
import type { Contract } from "./shared/contract.ts";

export type ParseContext = {
  /** What the operator allows when the client sets no limit; null: as many tokens as the context holds. */
  readonly defaultMaxTokens: number | null;
  /** Whether clients may send grammars of their own. */
  readonly allowsGrammar: boolean;
  /** A fresh seed for a request that brings none. */
  readonly randomSeed: () => number;
  /**
   * What was said up to the end of a kept answer of the same client, in the items of its dialect. Not there where no answers
   * are kept.
   * @throws ServiceError naming `previous_response_id`, where there is none to go on from
   */
  readonly conversation?: (answerId: string) => readonly object[];
  /** The model that the path names; not there for paths without one. */
  readonly model?: string;
  /** What a request has of it; null, or not there, as long as the model has not been loaded. */
  readonly contextTokens?: number | null;
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
 * Encodes one answer of one or several choices. Streamed: the start, then for each choice any number of deltas and its
 * finish; the last choice to finish brings the receipt. Buffered: `body` alone.
 */
export interface AnswerEncoder {
  /** What can be said once the request is accepted, before its first token. */
  start?(): readonly Frame[];
  delta(choice: number, delta: Delta): readonly Frame[];
  progress(choice: number, progress: PromptProgress): readonly Frame[];
  finish(choice: number, ending: Ending, receipt: Receipt | null): readonly Frame[];
  body(choices: readonly Choice[], receipt: Receipt): object;
  /**
   * The last frames of an answer that breaks off; without it a stream ends with the dialect's error.
   * @param receipt what was computed so far
   */
  fail?(error: ServiceError, requestId: string, receipt: Receipt): readonly Frame[];
}

/** Of an answer that can be looked at while it is written, and afterwards. */
export interface KeptEncoder extends Required<AnswerEncoder> {
  /** Unique among all answers. */
  readonly id: string;
  /** The answer as it stands. @param isWaiting whether it has no slot yet */
  state(isWaiting: boolean): object;
  /** What is asked, in the items of its dialect, without what was said before. */
  input(): readonly object[];
  /** What was answered so far, as input of the next request. */
  output(): readonly object[];
  /** Of a body: the frames that it would have been as a stream. */
  replay(): readonly Frame[];
  /** There is no room to keep it: from now on the answer says so. */
  forget(): void;
}

/** What a request asks for that is to be kept. */
export type StorageRequest = {
  /** The answer that it goes on from; null for none. */
  readonly previousId: string | null;
  /** Whether it runs on when its client leaves. */
  readonly isBackground: boolean;
  readonly encoder: (identity: AnswerIdentity) => KeptEncoder;
};

/** When the text that has come goes out: with every token, at the end of a word or a sentence, or after so many ms. */
export type Flush = "token" | "word" | "sentence" | number;

export type ParsedRequest = {
  /** One for each choice of the answer, in the order of their indices. All have the same schemas. */
  readonly requests: readonly AskedRequest[];
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
  /** The body of one that asks for no answer, and has no requests. */
  readonly atOnce?: (identity: AnswerIdentity) => object;
  /** Null when its answer is forgotten as soon as it has been sent. */
  readonly storing?: StorageRequest | null;
  /** The same with less and less of what was said before, for a prompt that does not fit. */
  readonly shorter?: readonly (() => ParsedRequest)[];
};

export interface Dialect {
  /** e.g. `/v1/chat/completions`; `{model}` stands for the model, which is `model` of the context then. */
  readonly path: string;
  readonly contract: Contract;
  /** @throws ServiceError 400, naming the field */
  parse(body: unknown, context: ParseContext): ParsedRequest;
  /** The error envelope, as a body and as the data of a stream's last event. */
  encodeError(error: ServiceError, requestId: string): object;
  /** A stream of lines of JSON instead of server-sent events: what is said between them has to be one too. */
  readonly lines?: {
    /**
     * To a client that waits.
     * @param news where it waits: `queued position=3 eta_ms=4200`, `loading progress=0.42`; null when there is nothing to say
     */
    readonly notice: (news: string | null, identity: AnswerIdentity) => Frame;
  };
  /** What a stream has beside its answer. Without these an error's event has no name, and a heartbeat is a comment. */
  readonly named?: {
    /** SSE `event:` field of an error. */
    readonly error: string;
    readonly heartbeat: Frame;
  };
}
