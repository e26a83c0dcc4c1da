// What the engine yields for one request: any number of deltas, then one finish (or a thrown ServiceError).

/**
 * `stop`: the model ended its answer or reached a stop string. `length`: max_tokens or the context's end. `tool-calls`: as
 * `stop`, and the answer calls tools.
 */
export type FinishReason = "stop" | "length" | "tool-calls";

export type Usage = {
  readonly promptTokens: number;
  /** Prompt tokens that were in the KV cache already. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
  /** Those of the completion tokens that were thoughts. */
  readonly reasoningTokens: number;
};

/** How likely a token was, by the model alone: before temperature, penalties, biases, cuts and grammars. */
export type TokenLogprob = {
  readonly id: number;
  /** U+FFFD stands for bytes that are no whole character. */
  readonly text: string;
  readonly bytes: readonly number[];
  /** Natural logarithm of its probability; null for a prompt's first token, which follows nothing. */
  readonly logprob: number | null;
};

/** A token of the answer, or of a prompt that is given back. */
export type PositionLogprobs = TokenLogprob & {
  /** The likeliest tokens in its place, as many as were asked for. */
  readonly alternatives: readonly TokenLogprob[];
};

/** How a prompt was read. */
export type PromptReading = {
  /** Tokens of it that were in the KV cache already. */
  readonly cachedTokens: number;
  /** Time spent reading the rest, in ms. */
  readonly prefillMs: number;
};

type Arriving = {
  /** Tokens generated since the previous delta (text may be held back, so not always 1). */
  readonly tokens: number;
  /** Their ids, from an engine that can go on from them. */
  readonly ids?: readonly number[];
  /** With the first token. */
  readonly prompt?: PromptReading;
  /** When it reached the server process, `performance.now()` in ms. */
  readonly atMs: number;
  /** Of the tokens since the previous delta, where they were asked for. */
  readonly logprobs?: readonly PositionLogprobs[];
};

/** New text of the answer: whole characters, nothing that may still turn out to be a stop string or a call. */
export type TextDelta = Arriving & { readonly type: "text-delta"; readonly text: string };

/** New text of the thoughts before the answer. */
export type ReasoningDelta = Arriving & { readonly type: "reasoning-delta"; readonly text: string };

/** The beginning of a call of a tool, with its name, or more of its arguments. */
export type ToolCallDelta = Arriving & {
  readonly type: "tool-call-delta";
  /** Counts the calls of one answer, from 0. */
  readonly index: number;
  /** Null in all but the first delta of a call. */
  readonly name: string | null;
  /** More of the arguments' JSON text. */
  readonly text: string;
};

export type Delta = TextDelta | ReasoningDelta | ToolCallDelta;

/** As it leaves the worker, before it has been timed. */
export type FreshDelta =
  | Omit<TextDelta, "atMs">
  | Omit<ReasoningDelta, "atMs">
  | Omit<ToolCallDelta, "atMs">;

/** How far the prompt has been read: for those who asked to be told. */
export type PromptProgress = {
  readonly type: "prompt-progress";
  readonly total: number;
  /** Found in the KV cache. */
  readonly cached: number;
  /** Cached ones included. */
  readonly processed: number;
  readonly ms: number;
};

/** Why a choice ended. */
export type Ending = {
  readonly reason: FinishReason;
  /** The stop string that ended it; null where none did. */
  readonly stopString: string | null;
};

/** Stands for the ending where there is no choice. */
export const NO_ENDING: Ending = { reason: "stop", stopString: null };

export type Finish = Ending & {
  readonly type: "finish";
  readonly usage: Usage;
  /** Time spent reading the prompt, in ms. */
  readonly prefillMs: number;
};

export type GenerateEvent = Delta | PromptProgress | Finish;

export function isDelta(event: GenerateEvent): event is Delta {
  return event.type !== "finish" && event.type !== "prompt-progress";
}

/** What one score weighs in a stream's buffer, in bytes: about what it takes on the wire. */
const SCORE_BYTES = 64;

/** What a delta weighs in its stream's buffer. Both sides of the process boundary count by it. */
export function weightOf(delta: FreshDelta): number {
  const text = Buffer.byteLength(delta.text);
  if (!delta.logprobs) return text;
  return delta.logprobs.reduce(
    (sum, { alternatives }) => sum + SCORE_BYTES * (1 + alternatives.length),
    text,
  );
}

/** @returns both as one, or null when they are of different kinds */
export function joinDeltas(earlier: Delta, later: Delta): Delta | null {
  if (earlier.type !== later.type) return null;
  if (later.type === "tool-call-delta" && later.name !== null) return null; // another call
  const { logprobs = [], ids = [] } = earlier;
  return {
    ...earlier,
    text: earlier.text + later.text,
    tokens: earlier.tokens + later.tokens,
    atMs: later.atMs,
    ...(later.prompt ? { prompt: later.prompt } : {}),
    ...(later.ids ? { ids: [...ids, ...later.ids] } : {}),
    ...(later.logprobs ? { logprobs: [...logprobs, ...later.logprobs] } : {}),
  };
}

/** Where a request's time and tokens went: sent to the client, logged, and observed as metrics. Times in ms. */
export type Receipt = {
  /** Waiting for a slot. */
  readonly queueMs: number;
  readonly prefillMs: number;
  /** Arrival to first text; null when there was none. */
  readonly firstTokenMs: number | null;
  /** Arrival to the end. */
  readonly totalMs: number;
  /** Whether it was ended where it was, because its time was over. */
  readonly isCut: boolean;
  readonly usage: Usage;
  readonly seed: number;
};

/** One decode step: what was in it, and what it took to its first sampled token. */
export type StepLoad = {
  readonly ms: number;
  /** Streams that generated a token. */
  readonly decodes: number;
  /** Tokens of prompts that were read. */
  readonly promptTokens: number;
  /** Threads that computed it. */
  readonly threads: number;
};
