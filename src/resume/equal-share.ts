// How a limited memory is shared by owners who keep different amounts: those who keep little leave the rest to the others,
// and whoever keeps more than that share gives up something of its own. https://en.wikipedia.org/wiki/Max-min_fairness

/** What one owner keeps. */
export type Holding = {
  readonly bytes: number;
  /** What of it cannot go. */
  readonly fixedBytes: number;
};

/** Halvings of the range: far below a byte, of any memory that there is. */
const STEPS = 60;

/**
 * The most bytes that each may keep, so that all together keep `totalBytes` at most. No less than an equal part of it, also
 * where what cannot go is more than that.
 */
export function equalShare(holdings: readonly Holding[], totalBytes: number): number {
  const kept = (share: number) =>
    holdings.reduce(
      (sum, { bytes, fixedBytes }) => sum + Math.max(fixedBytes, Math.min(bytes, share)),
      0,
    );
  let [low, high] = [totalBytes / Math.max(1, holdings.length), totalBytes];
  if (kept(high) <= totalBytes) return high;
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2;
    if (kept(middle) <= totalBytes) low = middle;
    else high = middle;
  }
  return low;
}
