// Decides how many prompt tokens are read in one step while other streams generate: few enough to keep the time between their
// tokens short, and enough that prefill itself stays fast.

import type { StepTime } from "./batcher.ts";

export type PromptSlicesOptions = {
  /** Most tokens of one step. */
  readonly batchTokens: number;
  /** Target time in ms of a step with a slice; 0 always reads whole batches; null chooses automatically. */
  readonly targetMs: number | null;
};

export type Reading = {
  /** Prompt tokens that were not in the cache when the stream started to read. */
  readonly unread: number;
  /** How many of them it still has to read. */
  readonly left: number;
  /** Streams that are reading their prompts, including this one. */
  readonly readers: number;
  /** Streams that are generating. */
  readonly decodes: number;
};

/** Without a target, a prompt up to this size is read at once: slices would take far longer and delay other streams as much. */
const SHORT_PROMPT = 64;
/** The rest of a prompt is read at once if it is smaller than this many slices: a small last slice costs more than it saves. */
const LAST_SLICES = 1.5;
/**
 * Without a target, a step with a slice may take `COMFORTABLE_MS`, but no more than `most` times as long as a step without one. It
 * may always take `least` times as long.
 */
const SLOWDOWN = { least: 4, most: 10 };
const COMFORTABLE_MS = 300;
/** Slices may make reading a prompt take up to this many times as long as in whole batches. */
const MOST_DELAY = 1.15;
/** The same limit while no stream generates: only a request that arrives during the step has to wait for it. */
const MOST_DELAY_ALONE = 1.05;
/**
 * llama.cpp's attention on a CPU has a fast path for 64 tokens or more. Beside decoding streams, it computes the first token of a
 * slice with them. At late positions, a smaller slice takes up to twice as long for each token.
 */
const FAST_SLICE = 65;
/** Such a slice is used if it is expected to take less than this. The estimate may come from smaller slices, and then is too high. */
const MOST_FAST_MS = 800;
/** Limit of a slice's fixed cost, in steps without a slice: a higher measurement is noise, for example from long contexts. */
const MOST_FIXED = 4;
/** Used until the cost of a slice has been measured. */
const FIRST_SLICE = 16;
const SMALLEST_SLICE = 4;
/** Slice sizes alternate by this share, so that the fixed cost can be separated from the cost per token. */
const SWAY = 0.15;
const WEIGHT = 0.2;
/** A delayed step counts as at most this many usual steps. */
const MOST_SLOWNESS = 3;

type Cost = {
  /** ms of a slice, independent of its size. */
  readonly fixed: number;
  readonly perToken: number;
};

export class PromptSlices {
  readonly #options: PromptSlicesOptions;
  /** ms of a step without a slice, indexed by the number of streams in it. */
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
  tokens({ unread, left, readers, decodes }: Reading): number {
    const { batchTokens, targetMs } = this.#options;
    const room = batchTokens - decodes; // tokens beyond that would need another step
    const share = Math.max(1, Math.floor(room / readers));
    const isShort = targetMs === null && unread <= SHORT_PROMPT;
    if (targetMs === 0 || isShort || (decodes === 0 && targetMs !== null)) return share;
    const most = decodes === 0 ? this.#alone() : this.#besideOthers(decodes);
    // A step with slices of one token would be counted as a step without slices.
    const slice = Math.max(2, Math.floor(most / readers));
    const isLast = targetMs === null && left <= LAST_SLICES * slice;
    return Math.min(share, isLast ? left : slice);
  }

  /** The smallest number of tokens that reads efficiently: more tokens would only make the step longer. */
  #alone(): number {
    const quiet = this.#quiet(this.#lastDecodes);
    const cost = this.#cost(quiet);
    if (!cost || quiet === 0) return this.#options.batchTokens;
    const overhead = quiet + cost.fixed;
    return Math.max(FAST_SLICE, this.#efficient(overhead, cost.perToken, MOST_DELAY_ALONE));
  }

  #besideOthers(decodes: number): number {
    const quiet = this.#quiet(decodes);
    const cost = this.#cost(quiet);
    if (!cost) return FIRST_SLICE;
    this.#sways = !this.#sways;
    const { targetMs } = this.#options;
    const target = targetMs ?? comfortableMs(quiet);
    const short = (target - quiet - cost.fixed) / cost.perToken;
    const efficient = this.#efficient(quiet + cost.fixed, cost.perToken, MOST_DELAY);
    const tokens = targetMs === null ? Math.max(short, efficient) : short;
    const swayed = tokens * (this.#sways ? 1 : 1 - SWAY);
    const isFast = targetMs === null && FAST_SLICE * cost.perToken <= MOST_FAST_MS;
    return Math.max(isFast ? FAST_SLICE : SMALLEST_SLICE, Math.floor(swayed));
  }

  /** Solves for n: the time per token, (overhead + n * perToken) / n, is `mostDelay` times that of a whole batch. */
  #efficient(overhead: number, perToken: number, mostDelay: number): number {
    const perTokenInBatches = overhead / this.#options.batchTokens + perToken;
    return overhead / (mostDelay * perTokenInBatches - perToken);
  }

  #observeQuiet(ms: number, decodes: number): void {
    const usual = this.#quietMs[decodes] ?? ms;
    this.#quietMs[decodes] = usual + WEIGHT * (Math.min(ms, MOST_SLOWNESS * usual) - usual);
    this.#lastDecodes = decodes;
  }

  /** ms of a step without a slice for this number of streams; otherwise for the last number measured. */
  #quiet(decodes: number): number {
    return this.#quietMs[decodes] ?? this.#quietMs[this.#lastDecodes] ?? 0;
  }

  /** Updates moving averages (of size, ms and their products), from which `#cost()` fits a straight line. */
  #observeSlice(ms: number, tokens: number): void {
    const expected = this.#moments ? this.#moments.ms * (tokens / this.#moments.s) : ms;
    const y = Math.min(Math.max(ms, 0.01), MOST_SLOWNESS * expected);
    const point = { s: tokens, ms: y, ss: tokens * tokens, sms: tokens * y };
    const now = this.#moments ?? point;
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

/** @param quietMs time of a step without a slice */
function comfortableMs(quietMs: number): number {
  const { least, most } = SLOWDOWN;
  return Math.min(most * quietMs, Math.max(least * quietMs, COMFORTABLE_MS));
}
