// The interface of a wire format that generates text: parses a body into requests, and encodes the engine's events as
// frames or as one body. The HTTP layer calls it. Pure: it uses no I/O, no clock and no randomness.

import type { ServiceError } from "../errors.ts";
import type { PromptComparison } from "../generation/cache-miss.ts";
import type { Choice } from "../generation/choice.ts";
import type { Delta, Ending, Receipt } from "../generation/events.ts";
import type { ModelInfo } from "../generation/model-info.ts";
import type { AskedRequest } from "../generation/request.ts";
import type { PrefillStatus, WaitingStatus } from "../generation/wait-status.ts";
import type { Contract } from "./shared/contract.ts";

export type ParseContext = {
  /** Token limit for requests that set none; null means as many tokens as the context holds. */
  readonly defaultMaxTokens: number | null;
  /** Whether clients may send their own GBNF grammars. */
  readonly allowsGrammar: boolean;
  /** Returns a random seed, for a request without one. */
  readonly randomSeed: () => number;
  /**
   * Returns the conversation up to the end of a stored answer of the same client, as the dialect's items. Absent if the
   * server stores no answers.
   * @throws ServiceError naming `previous_response_id` if there is no such answer
   */
  readonly conversation?: (answerId: string) => readonly object[];
  /** The model named in the path; absent if the path names none. */
  readonly model?: string;
};

/** Id, model and time of an answer, fixed before its first byte. */
export type AnswerIdentity = {
  /** Unique part of the answer's id; each dialect adds its own prefix. */
  readonly id: string;
  /** The model id that the client asked for if it is a served one, else the model's real id. */
  readonly model: string;
  readonly createdAtSeconds: number;
  /** Tokens of all prompts; absent until they are prepared. */
  readonly promptTokens?: number;
  /** Absent if the request does not compare its prompt with that of an earlier answer. */
  readonly comparison?: PromptComparison;
};

/** One server-sent event before serialization. */
export type Frame = {
  /** SSE `event:` field, for dialects with named events. */
  readonly event?: string;
  /** SSE `id:` field, for clients that reconnect with `Last-Event-ID`. */
  readonly id?: string;
  /** Without line breaks. */
  readonly data: string;
};

/**
 * Encodes one answer with one or more choices. For a stream: `start`, then any number of `delta` and one `finish` per
 * choice; the last `finish` gets the receipt. For a buffered answer: `body` alone.
 */
export interface AnswerEncoder {
  /** Frames to send when the request has been accepted, before its first token. */
  start?(): readonly Frame[];
  delta(choice: number, delta: Delta): readonly Frame[];
  /** Absent if the API has no event for prompt progress. */
  progress?(choice: number, progress: PrefillStatus): readonly Frame[];
  finish(choice: number, ending: Ending, receipt: Receipt | null): readonly Frame[];
  body(choices: readonly [Choice, ...Choice[]], receipt: Receipt): object;
  /**
   * The last frames of a stream that fails or is stopped. Without this method the stream ends with the dialect's error.
   * @param receipt times and tokens up to the failure
   */
  fail?(error: ServiceError, requestId: string, receipt: Receipt): readonly Frame[];
}

/** Encoder of an answer that clients can retrieve while it is generated and afterwards. */
export interface StoredAnswerEncoder extends AnswerEncoder {
  /** Unique among all answers. */
  readonly id: string;
  /** The answer in its current state. @param isWaiting whether it still waits for a slot */
  state(isWaiting: boolean): object;
  /** The input of this request alone, without the earlier conversation, as the dialect's items. */
  input(): readonly object[];
  /** The output so far, in the form that the next request takes as input. */
  output(): readonly object[];
  /** After `body`: the frames that a stream of the same answer would have had. */
  replay(): readonly Frame[];
  /** Marks the answer as not stored, because the store is full. */
  forget(): void;
}

/** How to store a request's answer. */
export type StoringOptions = {
  /** Id of the stored answer that the request continues; null for none. */
  readonly previousId: string | null;
  /** Whether generation continues after the client disconnects. */
  readonly isBackground: boolean;
  readonly encoder: (identity: AnswerIdentity) => StoredAnswerEncoder;
};

/** A field that asks for what only some models can do. Others leave it out, and name it in `x-ignored-params`. */
export type Wish = {
  /** As the client wrote it, e.g. `output_config.effort`. */
  readonly field: string;
  readonly isMetBy: (model: ModelInfo) => boolean;
};

/** When to send text: with every token, at the end of a word or a sentence, or at this interval in ms. */
export type Flush = "token" | "word" | "sentence" | number;

/** What a request asks for that generates nothing, such as Ollama's "load". */
export type ModelAction = {
  readonly type: "load" | "unload";
  /** The client's name of the field that says so. */
  readonly field: string;
  /** Makes the body when it is done. */
  readonly body: (identity: AnswerIdentity) => object;
};

export type ParsedRequest = {
  /** One request per choice, ordered by the choice's index. All have the same schemas. */
  readonly requests: readonly AskedRequest[];
  /** Number of consecutive choices that share a prompt. */
  readonly choicesPerPrompt: number;
  /** Model name as the client wrote it; null if it named none. */
  readonly model: string | null;
  readonly isStreamed: boolean;
  readonly flush: Flush;
  /** Whether the request has low priority: it runs after all others. */
  readonly isFlex: boolean;
  /** Fields that are unknown or cannot be enforced: accepted, and listed in `x-ignored-params`. */
  readonly ignoredParams: readonly string[];
  /** Fields that are ignored unless the model can do what they ask for. Absent if there are none. */
  readonly wishes?: readonly Wish[];
  readonly encoder: (identity: AnswerIdentity) => AnswerEncoder;
  /** Absent if it generates. Otherwise `requests` is empty. */
  readonly modelAction?: ModelAction;
  /** Id of an earlier answer, without the dialect's prefix, with whose prompt this one is compared; absent for none. */
  readonly comparesWith?: string;
  /** Null if the answer is not stored. */
  readonly storing?: StoringOptions | null;
  /** The same request with shorter and shorter conversations, for a prompt that does not fit. */
  readonly shorterForms?: readonly (() => ParsedRequest)[];
};

export interface Dialect {
  /** e.g. `/v1/chat/completions`. `{model}` in it is passed to `parse` as `context.model`. */
  readonly path: string;
  readonly contract: Contract;
  /** @throws ServiceError 400, naming the field */
  parse(body: unknown, context: ParseContext): ParsedRequest;
  /** The error object, used as a body and as the data of a stream's last event. */
  encodeError(error: ServiceError, requestId: string): object;
  /** Present if streams are lines of JSON instead of server-sent events. */
  readonly lines?: {
    /** Makes the line that a waiting client gets. @param status null for a mere keep-alive */
    readonly notice: (status: WaitingStatus | null, identity: AnswerIdentity) => Frame;
  };
  /** Error and heartbeat events of a stream. Default: an error's event has no name, and a heartbeat is a comment. */
  readonly streamEvents?: {
    /** SSE `event:` field of an error. */
    readonly error: string;
    readonly heartbeat: Frame;
  };
}
