// Decides how many draft tokens the streams of a step compute.

/** The lengths of a draft to choose from. */
export const DRAFT_LENGTHS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48];

/** One stream of the step. */
export type DraftOffer = {
  /** How many tokens of a draft of each of `DRAFT_LENGTHS` are expected to be accepted; empty without a draft. */
  readonly accepted: readonly number[];
  /** What drafts have gained for the stream so far, in tokens; negative if it would be further without them. */
  readonly gained: number;
  /** Tokens that it has generated. */
  readonly generated: number;
};

export type DraftStep = {
  readonly offers: readonly DraftOffer[];
  /** Streams in the step, with those that offer no draft. */
  readonly streams: number;
  /** Largest draft of one stream. */
  readonly most: number;
  /** How many times as long the step takes with this many draft tokens. */
  readonly ratio: (drafted: number) => number | null;
};

/** The step must be expected to compute this many times as many tokens per second. */
const LEAST_GAIN = 1.15;
/** No stream may lose more than this share of its speed by drafts, its own and those of others. */
const MOST_LOSS = 0.02;
/** Tokens that a stream may be behind in addition, or a first wrong draft would be its last. */
const MOST_BEHIND = 1;

/** @returns the length for all streams that offer a draft: llama.cpp computes parts of equal length together; 0 for no drafts */
export function draftLength({ offers, streams, most, ratio }: DraftStep): number {
  const drafting = offers.filter(({ accepted }) => accepted.length > 0).length;
  let best = 0;
  let bestSpeed = LEAST_GAIN * streams;
  for (const [at, length] of DRAFT_LENGTHS.entries()) {
    if (length > most) break;
    const slowdown = ratio(length * drafting);
    if (slowdown === null) return 0;
    const gains = offers.map(({ accepted }) => accepted[at] ?? 0);
    const speed = gains.reduce((sum, gain) => sum + gain, streams) / slowdown;
    if (speed <= bestSpeed) continue;
    if (streams > offers.length && slowdown > 1 + MOST_LOSS) continue; // the others are not counted
    if (!offers.every((offer) => canLose(offer, slowdown - 1))) continue;
    best = length;
    bestSpeed = speed;
  }
  return best;
}

/** Whether the stream stays within its limit even if all of the draft is wrong. @param tokens that it then loses */
function canLose({ gained, generated }: DraftOffer, tokens: number): boolean {
  return gained - tokens >= -(MOST_BEHIND + MOST_LOSS * generated);
}
