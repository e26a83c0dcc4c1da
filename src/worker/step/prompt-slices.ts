// How much of a prompt is read in one step while others generate: as much as keeps their inter-token time bearable, and
// never so little that the prompt itself takes for ever.

import type { StepTime } from "./batcher.ts";

export type PromptSlicesOptions = {
  /** Tokens of one step at most. */
  readonly batchTokens: number;
  /** A step with a slice in it should take no longer, in ms; 0 reads whole batches; null chooses by itself. */
  readonly targetMs: number | null;
};

export type Reading = {
  /** Tokens of the prompt that were not in the cache when the stream began to read. */
  readonly unread: number;
  /** Streams that read their prompts, this one among them. */
  readonly readers: number;
  /** Streams that generate. */
  readonly decodes: number;
};

/** Without a target, a prompt of so few is read at once: cut up it would take far longer, and hold others up hardly less. */
const SHORT_PROMPT = 64;
/** Without a target, a step may take so many times as long as one without a slice. */
const SLOWDOWN = 2.5;
/** However short the steps should be, reading a prompt may take this many times as long as in whole batches. */
const MOST_DELAY = 1.6;
/** The same where nobody generates: a request that arrives now waits for the step. */
const MOST_DELAY_ALONE = 1.1;
/** A slice's fixed cost, in steps without one: what seems to be more is noise, such as of deep contexts. */
const MOST_FIXED = 4;
/** Until it is known what a slice costs. */
const FIRST_SLICE = 16;
const SMALLEST_SLICE = 4;
/** Slices alternate by this much, so that their fixed cost can be told from their cost per token. */
const SWAY = 0.15;
const WEIGHT = 0.2;
/** A step that was held up counts for no more than so many usual ones. */
const MOST_SLOWNESS = 3;

type Cost = {
  /** ms of a slice whatever its size. */
  readonly fixed: number;
  readonly perToken: number;
};

export class PromptSlices {
  readonly #options: PromptSlicesOptions;
  /** ms of a step without a slice, by the number of streams in it. */
  readonly #quietMs: number[] = [];
  #lastDecodes = 0;
  #moments: { s: number; ms: number; ss: number; sms: number } | null = null;
  #sways = false;

  constructor(options: PromptSlicesOptions) {
    this.#options = options;
  }

  observe({ ms, decodes, promptTokens }: StepTime): void {
    if (promptTokens === 0) this.#observeQuiet(ms, decodes);
    else if (decodes > 0) this.#observeSlice(ms - this.#quiet(decodes), promptTokens);
  }

  /** Tokens that one stream may read in the next step. */
  tokens({ unread, readers, decodes }: Reading): number {
    const { batchTokens, targetMs } = this.#options;
    const room = batchTokens - decodes; // what does not fit would need a step of its own
    const share = Math.max(1, Math.floor(room / readers));
    const isShort = targetMs === null && unread <= SHORT_PROMPT;
    if (targetMs === 0 || isShort || (decodes === 0 && targetMs !== null)) return share;
    const most = decodes === 0 ? this.#alone() : this.#besideOthers(decodes);
    // A step with slices of one token would look like one without any.
    return Math.min(share, Math.max(2, Math.floor(most / readers)));
  }

  /** As many as make good use of a step: more would only make it longer. */
  #alone(): number {
    const quiet = this.#quiet(this.#lastDecodes);
    const cost = this.#cost(quiet);
    if (!cost || quiet === 0) return this.#options.batchTokens;
    return Math.ceil(this.#efficient(quiet, cost.perToken, MOST_DELAY_ALONE));
  }

  #besideOthers(decodes: number): number {
    const quiet = this.#quiet(decodes);
    const cost = this.#cost(quiet);
    if (!cost) return FIRST_SLICE;
    this.#sways = !this.#sways;
    const { targetMs } = this.#options;
    const target = targetMs ?? SLOWDOWN * quiet;
    const short = (target - quiet - cost.fixed) / cost.perToken;
    const efficient = this.#efficient(quiet + cost.fixed, cost.perToken, MOST_DELAY);
    const tokens = targetMs === null ? Math.max(short, efficient) : short;
    const swayed = tokens * (this.#sways ? 1 : 1 - SWAY);
    return Math.max(SMALLEST_SLICE, Math.floor(swayed));
  }

  /** Time per token with slices of n: (overhead + n * perToken) / n. It may be `mostDelay` times that of n = batch. */
  #efficient(overhead: number, perToken: number, mostDelay: number): number {
    const perTokenInBatches = overhead / this.#options.batchTokens + perToken;
    return overhead / (mostDelay * perTokenInBatches - perToken);
  }

  #observeQuiet(ms: number, decodes: number): void {
    const usual = this.#quietMs[decodes] ?? ms;
    this.#quietMs[decodes] = usual + WEIGHT * (Math.min(ms, MOST_SLOWNESS * usual) - usual);
    this.#lastDecodes = decodes;
  }

  /** Of so many streams; of the last number that was measured where this one was not. */
  #quiet(decodes: number): number {
    return this.#quietMs[decodes] ?? this.#quietMs[this.#lastDecodes] ?? 0;
  }

  /** Moving averages, of which a straight line through the latest points is made. */
  #observeSlice(ms: number, tokens: number): void {
    const now = this.#moments;
    const expected = now ? now.ms * (tokens / now.s) : ms;
    const y = Math.min(Math.max(ms, 0.01), MOST_SLOWNESS * expected);
    const point = { s: tokens, ms: y, ss: tokens * tokens, sms: tokens * y };
    if (!now) {
      this.#moments = point;
      return;
    }
    const moved = (from: number, to: number) => from + WEIGHT * (to - from);
    this.#moments = {
      s: moved(now.s, point.s),
      ms: moved(now.ms, point.ms),
      ss: moved(now.ss, point.ss),
      sms: moved(now.sms, point.sms),
    };
  }

  /** @param quiet ms of a step without a slice */
  #cost(quiet: number): Cost | null {
    const now = this.#moments;
    if (!now) return null;
    const average = now.ms / now.s;
    const variance = now.ss - now.s * now.s;
    const slope = variance > 0 ? (now.sms - now.s * now.ms) / variance : average;
    const inLine = Math.min(Math.max(slope, 0.2 * average), average);
    const fixed = Math.min(now.ms - inLine * now.s, MOST_FIXED * quiet);
    return { perToken: (now.ms - fixed) / now.s, fixed };
  }
}
