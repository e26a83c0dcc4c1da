// How much longer a step takes with draft tokens: as a multiple of a step without, learned from the measured steps.

import type { StepTime } from "./batcher.ts";

/** Assumed for one draft token until steps were measured: low, so that drafts are tried and measured. */
const FIRST_COST = 0.1;
/** A size that was not measured is expected to cost this power of the growth: sizes often cost less per token than smaller ones. */
const TRIED_COST = 0.75;
const WEIGHT = 0.3;
/** A delayed step counts as at most this many times what was expected. */
const MOST_SLOWNESS = 3;
/** Share of a measured cost that is forgotten with each step without drafts, so that drafts that once did not pay are tried again. */
const FORGOTTEN = 0.0003;
/** Largest number of draft tokens of each size class. */
const SIZES = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256, 512];

export class DraftCosts {
  /** ms of a step without drafts, by number of streams. */
  readonly #quietMs: number[] = [];
  /** By number of streams, then by size class. */
  readonly #ratios: number[][] = [];

  /** @returns how many quiet steps the step took; null if it says nothing about drafts */
  observe({ ms, decodes, promptTokens, drafts }: StepTime): number | null {
    const drafted = drafts?.checked ?? 0;
    if (promptTokens > 0) return null;
    const quiet = this.#quietMs[decodes];
    if (drafted === 0) {
      const usual = quiet ?? ms;
      this.#quietMs[decodes] = usual + WEIGHT * (Math.min(ms, MOST_SLOWNESS * usual) - usual);
      this.#forget(decodes);
      return null;
    }
    if (quiet === undefined) return null;
    const ratios = this.#ratiosFor(decodes);
    const size = sizeOf(drafted);
    const before = ratios[size];
    const most = before === undefined ? 1 + 1.5 * drafted : MOST_SLOWNESS * before;
    const measured = Math.max(1, Math.min(ms / quiet, most));
    ratios[size] = before === undefined ? measured : before + WEIGHT * (measured - before);
    return measured;
  }

  /**
   * How many times as long a step is expected to take with draft tokens; null if a step without was not measured yet. Drafts
   * are tried in growing sizes: one that is far larger than those measured counts as infinitely long.
   */
  ratio(streams: number, drafted: number): number | null {
    if (this.#quietMs[streams] === undefined) return null;
    if (drafted === 0) return 1;
    const ratios = this.#ratiosFor(streams);
    const size = sizeOf(drafted);
    const measured = ratios[size];
    if (measured !== undefined) return measured;
    const largest = ratios.findLastIndex((each, at) => at < size && each !== undefined);
    const tried = SIZES[largest] ?? 0;
    if (drafted > streams + 2 * tried) return Number.POSITIVE_INFINITY;
    if (tried === 0) return 1 + FIRST_COST * drafted;
    return 1 + ((ratios[largest] ?? 1) - 1) * (drafted / tried) ** TRIED_COST;
  }

  #forget(streams: number): void {
    const ratios = this.#ratiosFor(streams);
    for (const [size, ratio] of ratios.entries())
      if (ratio !== undefined) ratios[size] = ratio - FORGOTTEN * (ratio - 1);
  }

  #ratiosFor(streams: number): number[] {
    let ratios = this.#ratios[streams];
    if (!ratios) {
      ratios = [];
      this.#ratios[streams] = ratios;
    }
    return ratios;
  }
}

function sizeOf(drafted: number): number {
  const size = SIZES.findIndex((most) => drafted <= most);
  return size < 0 ? SIZES.length : size;
}
