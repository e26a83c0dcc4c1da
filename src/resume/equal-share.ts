// Shares limited memory among owners that keep different amounts. Owners below the equal share leave the rest to others;
// owners above it give up some of their own. https://en.wikipedia.org/wiki/Max-min_fairness

/** Memory of one owner. */
type Holding = {
  readonly bytes: number;
  /** The part that cannot be dropped. */
  readonly fixedBytes: number;
};

/** Number of bisection steps; enough to get far below one byte for any memory size. */
const STEPS = 60;

/**
 * Returns the most bytes each owner may keep so that together they keep at most `totalBytes`. The share is never below an
 * equal part, even if memory that cannot be dropped exceeds it.
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
