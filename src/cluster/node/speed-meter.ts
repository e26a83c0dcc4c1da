// The measured speed of one model on this node: of one stream that decodes, and of reading a prompt. Recent measurements weigh
// more.

import type { FreshEvent, StepLoad } from "../../generation/events.ts";

/** Each further step takes this share of the weight of all earlier ones: half of the result is from the last 35 steps. */
const STEP_WEIGHT = 1 / 50;
/** The same for prompts. */
const PROMPT_WEIGHT = 1 / 5;
/** Shorter prompts measure the fixed costs of a step, not the reading. */
const MIN_PROMPT_TOKENS = 64;

export class SpeedMeter {
  readonly #decode = new WeightedRate(STEP_WEIGHT);
  readonly #prefill = new WeightedRate(PROMPT_WEIGHT);

  /** Tokens per second of one stream, at the load that there was; null before any measurement. */
  get decodeTokensPerSecond(): number | null {
    return this.#decode.perSecond;
  }

  /** Tokens per second of reading prompts; null before any measurement. */
  get prefillTokensPerSecond(): number | null {
    return this.#prefill.perSecond;
  }

  /** Steps that also read a prompt do not count: they take as long as their target says. */
  addStep({ ms, decodes, promptTokens, drafts }: StepLoad): void {
    if (decodes === 0 || promptTokens > 0) return;
    this.#decode.add(1 + (drafts?.accepted ?? 0) / decodes, ms);
  }

  /** @param promptTokens of the whole prompt, in the cache or not */
  addEvent(event: FreshEvent, promptTokens: number): void {
    if (event.type === "prefill" || event.type === "finish" || !event.prompt) return;
    const read = promptTokens - event.prompt.cachedTokens;
    if (read >= MIN_PROMPT_TOKENS) this.#prefill.add(read, event.prompt.prefillMs);
  }
}

/** Something per time, in which later measurements weigh more. */
class WeightedRate {
  readonly #weight: number;
  #amount = 0;
  #ms = 0;

  constructor(weight: number) {
    this.#weight = weight;
  }

  get perSecond(): number | null {
    return this.#ms > 0 ? (1000 * this.#amount) / this.#ms : null;
  }

  add(amount: number, ms: number): void {
    this.#amount = this.#amount * (1 - this.#weight) + amount;
    this.#ms = this.#ms * (1 - this.#weight) + ms;
  }
}
