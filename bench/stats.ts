// Medians and percentiles of what was measured.

export type Summary = { readonly median: number; readonly min: number; readonly max: number };

export function summary(values: readonly number[]): Summary {
  return {
    median: percentile(values, 0.5),
    min: Math.min(...values),
    max: Math.max(...values),
  };
}

/** @param share 0 to 1; between two values it takes the nearer one. NaN without values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.round(share * (sorted.length - 1)))] ?? Number.NaN;
}
