// Events that the engine yields for one request: any number of deltas, then one `finish` (or a thrown ServiceError).

import type { CacheMiss } from "./cache-miss.ts";
import type { TokenPiece } from "./questions.ts";
import type { PrefillStatus } from "./wait-status.ts";

/**
 * `stop`: the model ended its answer or reached a stop string. `length`: the answer reached its token limit or filled the
 * context. `tool-calls`: like `stop`, and the answer calls tools.
 */
export type FinishReason = "stop" | "length" | "tool-calls";

export type Usage = {
  readonly promptTokens: number;
  /** Prompt tokens that were already in the KV cache. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
  /** Completion tokens that were reasoning. */
  readonly reasoningTokens: number;
};

/** Usage of one API key. */
export type KeyUsage = Omit<Usage, "reasoningTokens"> & {
  /** Requests that were admitted. */
  readonly requests: number;
};

/** A token and its probability according to the model alone: before temperature, penalties, biases, top-k and grammars. */
export type TokenLogprob = TokenPiece & {
  /** Natural logarithm of the probability; null for the first token of a prompt, which has no predecessor. */
  readonly logprob: number | null;
};

/** The token at one position of the answer (or of an echoed prompt), and its alternatives. */
export type PositionLogprobs = TokenLogprob & {
  /** The likeliest tokens at this position, as many as the request asked for. */
  readonly alternatives: readonly TokenLogprob[];
};

/** Where a cached prefix comes from: a slot's KV cache, or a saved copy of one in memory or on disk. */
export type PrefixTier = "slot" | "ram" | "disk";

/** How much the saved prefixes of each tier take, in bytes. */
export type SavedBytes = Readonly<Record<Exclude<PrefixTier, "slot">, number>>;

/** Facts about the prefill of a prompt. */
export type PromptReading = {
  /** Prompt tokens that were already in the KV cache. */
  readonly cachedTokens: number;
  /** Where the cached tokens come from; `slot` without cached tokens. */
  readonly prefixTier: PrefixTier;
  /** Time spent reading the other tokens, in ms. */
  readonly prefillMs: number;
};

type DeltaFields = {
  /** Tokens generated since the previous delta. Not always 1, because text may be held back. */
  readonly tokens: number;
  /** Present on the delta with the first token. */
  readonly prompt?: PromptReading;
  /** When the delta reached the server process, as `performance.now()` in ms. */
  readonly atMs: number;
  /** Logprobs of those tokens, if requested. */
  readonly logprobs?: readonly PositionLogprobs[];
};

/** New text of the answer: whole characters, and nothing that may still become a stop string or a tool call. */
export type TextDelta = DeltaFields & { readonly type: "text-delta"; readonly text: string };

/** New text of the reasoning before the answer. */
export type ReasoningDelta = DeltaFields & {
  readonly type: "reasoning-delta";
  readonly text: string;
};

/** The beginning of a tool call, with its name, or more of its arguments. */
export type ToolCallDelta = DeltaFields & {
  readonly type: "tool-call-delta";
  /** Number of the call within the answer, from 0. */
  readonly index: number;
  /** Null except in the first delta of a call. */
  readonly name: string | null;
  /** More of the arguments' JSON text. */
  readonly text: string;
};

export type Delta = TextDelta | ReasoningDelta | ToolCallDelta;

/** The part of the answer that a delta carries, without the delta's figures. */
export type OutputPart =
  | Pick<TextDelta, "type" | "text">
  | Pick<ReasoningDelta, "type" | "text">
  | Pick<ToolCallDelta, "type" | "index" | "name" | "text">;

/** A delta as the worker sends it. */
export type FreshDelta = OutputPart &
  Omit<DeltaFields, "atMs"> & {
    /** Ids of its tokens, from which another run can continue. */
    readonly ids?: readonly number[];
  };

/** Why a choice ended. */
export type Ending = {
  readonly reason: FinishReason;
  /** The stop string that ended the choice; null for none. */
  readonly stopString: string | null;
};

export type Finish = Ending & {
  readonly type: "finish";
  readonly usage: Usage;
  /** Where the prompt's cached tokens come from. */
  readonly prefixTier: PrefixTier;
  /** Time spent reading the prompt, in ms. */
  readonly prefillMs: number;
};

export type GenerateEvent = Delta | PrefillStatus | Finish;

/** An event as the worker sends it. */
export type FreshEvent = FreshDelta | PrefillStatus | Finish;

export function isDelta(event: GenerateEvent): event is Delta {
  return event.type !== "finish" && event.type !== "prefill";
}

/** Weight of one logprob in a stream's buffer, in bytes: about its size on the wire. */
const LOGPROB_BYTES = 64;

/** Weight of a delta in its stream's buffer, in bytes. Both sides of the process boundary count credit with it. */
export function weightOf(delta: FreshDelta): number {
  const text = Buffer.byteLength(delta.text);
  if (!delta.logprobs) return text;
  return delta.logprobs.reduce(
    (sum, { alternatives }) => sum + LOGPROB_BYTES * (1 + alternatives.length),
    text,
  );
}

/** What an event takes of its stream's credit, in bytes: only deltas take any. */
export function weightOfEvent(event: FreshEvent): number {
  return event.type === "prefill" || event.type === "finish" ? 0 : weightOf(event);
}

/** @returns both deltas merged, or null if they are of different kinds or belong to different calls */
export function joinDeltas(earlier: Delta, later: Delta): Delta | null {
  if (earlier.type !== later.type) return null;
  if (later.type === "tool-call-delta" && later.name !== null) return null; // another call
  const { logprobs = [] } = earlier;
  return {
    ...earlier,
    text: earlier.text + later.text,
    tokens: earlier.tokens + later.tokens,
    atMs: later.atMs,
    ...(later.prompt ? { prompt: later.prompt } : {}),
    ...(later.logprobs ? { logprobs: [...logprobs, ...later.logprobs] } : {}),
  };
}

/** Times and tokens of a request: sent to the client, logged, and recorded as metrics. Times in ms. */
export type Receipt = {
  /** Time spent waiting for a slot. */
  readonly queueMs: number;
  readonly prefillMs: number;
  /** From arrival to the first text; null if there was no text. */
  readonly firstTokenMs: number | null;
  /** From arrival to the end. */
  readonly totalMs: number;
  /** Whether the answer was cut at its deadline. */
  readonly isCut: boolean;
  readonly usage: Usage;
  readonly seed: number;
  /** Why a prompt missed the prefix cache; null if it did not. */
  readonly cacheMiss: CacheMiss | null;
};

/** Draft tokens of speculative decoding. */
export type DraftLoad = {
  /** Checked in this step, besides the token of each stream. */
  readonly checked: number;
  /** Those of earlier steps that turned out right and wrong, each counted once. */
  readonly accepted: number;
  readonly refused: number;
};

/** Load of one decode step. */
export type StepLoad = {
  /** Time to the step's first sampled token. */
  readonly ms: number;
  /** Number of streams that generated a token. */
  readonly decodes: number;
  /** Number of prompt tokens that were read. */
  readonly promptTokens: number;
  /** Absent without drafts. */
  readonly drafts?: DraftLoad;
  /** Number of threads that computed the step. */
  readonly threads: number;
};
