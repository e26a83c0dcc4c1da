// Speculative decoding by prompt lookup: one decode checks several predicted tokens. Drafts are computed only if, by what was
// measured, all streams together get faster and none gets slower. One `Speculation` for the worker, one `Drafter` for each answer.

import type { StepTime } from "./batcher.ts";
import { DraftCosts } from "./draft-costs.ts";
import { DRAFT_LENGTHS, type DraftOffer, draftLength } from "./draft-length.ts";
import { HitRates } from "./hit-rates.ts";
import { LONGEST_MATCH, PromptLookup } from "./prompt-lookup.ts";

/**
 * Measured on a CPU: one stream that copies its prompt is 1.7 times as fast with drafts, but two are up to 8 % slower, because a
 * step computes several tokens anyway and the drafts of all streams must be right together.
 */
const MOST_STREAMS = 1;

export type DraftRoom = {
  /** Streams that generate in the next step. */
  readonly streams: number;
  /** Most draft tokens of this stream. */
  readonly most: number;
};

export class Speculation {
  readonly #rates = new HitRates(null);
  readonly #costs = new DraftCosts();
  readonly #drafters = new Set<Drafter>();
  #steps = 0;

  /** @param tokens prompt and answer so far, to which the caller adds */
  begin(tokens: readonly number[]): Drafter {
    const drafter = new Drafter(tokens, new HitRates(this.#rates));
    this.#drafters.add(drafter);
    return drafter;
  }

  end(drafter: Drafter): void {
    this.#drafters.delete(drafter);
  }

  /** Learns from a measured step. */
  observe(step: StepTime): void {
    const slowdown = this.#costs.observe(step);
    if (slowdown !== null) for (const drafter of this.#active()) drafter.charge(slowdown - 1);
    this.#steps += 1;
  }

  /** @returns the tokens to check with this stream's next decode */
  draft(drafter: Drafter, { streams, most }: DraftRoom): readonly number[] {
    drafter.advance();
    drafter.lastStep = this.#steps;
    if (streams > MOST_STREAMS || most < 1 || !drafter.hasDraft) return [];
    const ratio = (drafted: number) => this.#costs.ratio(streams, drafted);
    const offers = this.#active();
    return drafter.predict(draftLength({ offers, streams, most, ratio }));
  }

  /** The streams of this step: parked ones and those that only begin are not among them. */
  #active(): readonly Drafter[] {
    return [...this.#drafters].filter(({ lastStep }) => lastStep >= this.#steps - 1);
  }
}

/** The drafts of one answer. */
export class Drafter implements DraftOffer {
  readonly #tokens: readonly number[];
  readonly #promptTokens: number;
  readonly #rates: HitRates;
  readonly #lookup: PromptLookup;
  accepted: readonly number[] = [];
  gained = 0;
  /** Number of the step in which it last took part. */
  lastStep = Number.NEGATIVE_INFINITY;

  constructor(tokens: readonly number[], rates: HitRates) {
    this.#tokens = tokens;
    this.#promptTokens = tokens.length;
    this.#rates = rates;
    this.#lookup = new PromptLookup(tokens);
  }

  get generated(): number {
    return this.#tokens.length - this.#promptTokens;
  }

  get hasDraft(): boolean {
    return this.accepted.length > 0;
  }

  /** Takes in the tokens that were generated since, and predicts again. */
  advance(): void {
    const lookup = this.#lookup;
    while (lookup.length < this.#tokens.length) {
      const { matched } = lookup;
      const isHit = lookup.advance();
      if (isHit !== null) this.#rates.observe(matched, isHit);
    }
    this.accepted = lookup.matched > 0 ? this.#expected(lookup.matched) : [];
  }

  predict(length: number): readonly number[] {
    return this.#lookup.predict(length);
  }

  /** Counts draft tokens that were accepted. */
  credit(tokens: number): void {
    this.gained += tokens;
  }

  /** Counts how much longer a step took because of drafts, in steps without drafts. */
  charge(steps: number): void {
    this.gained -= steps;
  }

  #expected(matched: number): readonly number[] {
    const accepted: number[] = [];
    let chance = 1;
    let expected = 0;
    let length = 0;
    for (const most of DRAFT_LENGTHS) {
      for (; length < most; length++) {
        chance *= this.#rates.rate(Math.min(matched + length, LONGEST_MATCH));
        expected += chance;
      }
      accepted.push(expected);
    }
    return accepted;
  }
}
