// Medians and percentiles.

export type Summary = { readonly median: number; readonly min: number; readonly max: number };

export function summary(values: readonly number[]): Summary {
  return {
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
  };
}

/** The middle value, or the mean of the two middle values; NaN without values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  const high = sorted[Math.ceil((sorted.length - 1) / 2)] ?? Number.NaN;
  return (low + high) / 2;
}

/** The nearest-rank percentile; NaN without values. @param share from 0 to 1 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.round(share * (sorted.length - 1)))] ?? Number.NaN;
}

/** The gaps between consecutive times of each list. */
export function gapsMs(timesMs: readonly (readonly number[])[]): number[] {
  return timesMs.flatMap((times) =>
    times.slice(1).map((time, index) => time - (times[index] ?? time)),
  );
}
