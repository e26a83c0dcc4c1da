// What the engine yields for one request: any number of deltas, then one finish (or a thrown ServiceError).

/** `stop`: the model ended its answer or reached a stop string. `length`: max_tokens or the context's end. */
export type FinishReason = "stop" | "length";

export type Usage = {
  readonly promptTokens: number;
  /** Prompt tokens that were in the KV cache already. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
};

/** New text of the answer: whole characters, nothing that may still turn out to be a stop string. */
export type TextDelta = {
  readonly type: "text-delta";
  readonly text: string;
  /** Tokens generated since the previous delta (text may be held back, so not always 1). */
  readonly tokens: number;
  /** When it reached the server process, `performance.now()` in ms. */
  readonly atMs: number;
};

export type Finish = {
  readonly type: "finish";
  readonly reason: FinishReason;
  readonly usage: Usage;
  /** Time spent reading the prompt, in ms. */
  readonly prefillMs: number;
};

export type GenerateEvent = TextDelta | Finish;

/** Where a request's time and tokens went: sent to the client, logged, and observed as metrics. Times in ms. */
export type Receipt = {
  /** Waiting for a slot. */
  readonly queueMs: number;
  readonly prefillMs: number;
  /** Arrival to first text; null when there was none. */
  readonly firstTokenMs: number | null;
  /** Arrival to the end. */
  readonly totalMs: number;
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
