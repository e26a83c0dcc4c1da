// How often predictions of prompt lookup are right, by the length of the match that they follow. Every generated token for which
// there was a prediction is counted, whether it was drafted or not: the rates cost no computation.

/** Shortest match of each class. */
const CLASSES = [2, 3, 4, 6, 9, 14, 20, 28];
/** Assumed before anything was measured. */
const FIRST_RATES = [0.3, 0.4, 0.5, 0.65, 0.8, 0.9, 0.95, 0.97];
/** The assumed rate counts as this many predictions. */
const PRIOR_WEIGHT = 4;
/** Weight of the earlier predictions after one more. */
const KEPT = 0.98;

export class HitRates {
  readonly #prior: HitRates | null;
  readonly #hits = CLASSES.map(() => 0);
  readonly #trials = CLASSES.map(() => 0);

  /** @param prior rates of all requests, which rates of one request start from and also update */
  constructor(prior: HitRates | null) {
    this.#prior = prior;
  }

  observe(matched: number, isHit: boolean): void {
    const at = classOf(matched);
    this.#hits[at] = KEPT * (this.#hits[at] ?? 0) + (isHit ? 1 : 0);
    this.#trials[at] = KEPT * (this.#trials[at] ?? 0) + 1;
    this.#prior?.observe(matched, isHit);
  }

  /** How likely the prediction after a match of this length is right. */
  rate(matched: number): number {
    const at = classOf(matched);
    const assumed = this.#prior?.rate(matched) ?? FIRST_RATES[at] ?? 0;
    const hits = (this.#hits[at] ?? 0) + PRIOR_WEIGHT * assumed;
    return hits / ((this.#trials[at] ?? 0) + PRIOR_WEIGHT);
  }
}

function classOf(matched: number): number {
  return Math.max(
    0,
    CLASSES.findLastIndex((from) => matched >= from),
  );
}
