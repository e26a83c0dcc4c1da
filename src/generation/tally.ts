// The usage of an answer so far. The worker counts the tokens of its run, the engine the deltas that it received, and the
// HTTP layer the events that it delivers.

import type {
  Finish,
  FinishReason,
  GenerateEvent,
  PrefixTier,
  PromptReading,
  Usage,
} from "./events.ts";

/** The usage of one answer, counted token by token or event by event. */
export class Tally implements Usage {
  readonly promptTokens: number;
  cachedTokens = 0;
  /** Where the cached tokens come from. */
  prefixTier: PrefixTier = "slot";
  completionTokens = 0;
  reasoningTokens = 0;
  /** Time spent reading the prompt, in ms; 0 before the first token. */
  prefillMs = 0;
  /** When the first delta arrived, as `performance.now()`; null before it. */
  firstAtMs: number | null = null;
  /** When the last delta arrived. */
  lastAtMs = 0;
  /** Null until the answer has finished. */
  reason: FinishReason | null = null;

  constructor(promptTokens: number) {
    this.promptTokens = promptTokens;
  }

  /** Counts an event. The figures of a finish event are final: they include tokens that no delta carried. */
  add(event: GenerateEvent): void {
    if (event.type === "prefill") return;
    if (event.type === "finish") {
      this.reason = event.reason;
      this.completionTokens = event.usage.completionTokens;
      this.reasoningTokens = event.usage.reasoningTokens;
      const { prefixTier, prefillMs, usage } = event;
      return this.#addReading({ cachedTokens: usage.cachedTokens, prefixTier, prefillMs });
    }
    this.firstAtMs ??= event.atMs;
    this.lastAtMs = event.atMs;
    this.completionTokens += event.tokens;
    if (event.type === "reasoning-delta") this.reasoningTokens += event.tokens;
    if (event.prompt) this.#addReading(event.prompt);
  }

  /** The figures so far. */
  get usage(): Usage {
    const { promptTokens, cachedTokens, completionTokens, reasoningTokens } = this;
    return { promptTokens, cachedTokens, completionTokens, reasoningTokens };
  }

  /** The finish event of an answer that ends now. */
  finish(reason: FinishReason, stopString: string | null): Finish {
    const { usage, prefixTier, prefillMs } = this;
    return { type: "finish", reason, stopString, usage, prefixTier, prefillMs };
  }

  /** A worker that continues another one's answer reports 0: the first worker's figures count. */
  #addReading({ cachedTokens, prefixTier, prefillMs }: PromptReading): void {
    if (cachedTokens > 0) this.prefixTier = prefixTier;
    this.cachedTokens = cachedTokens || this.cachedTokens;
    this.prefillMs = prefillMs || this.prefillMs;
  }
}
