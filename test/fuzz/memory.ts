// Whether memory grows from sample to sample, told from noise: allocators and collectors keep what they like for a while.

/** The first samples are of caches that fill up. */
const WARM_UP = 0.4;
const LEAST_SAMPLES = 8;

/** Megabytes for each sample that is to come, after the warm-up: the median of the slopes of all pairs. Null of too few samples. */
export function growthOf(samples: readonly number[]): number | null {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP)).filter(Number.isFinite);
  if (warm.length < LEAST_SAMPLES) return null;
  const slopes = warm.flatMap((later, index) =>
    warm.slice(0, index).map((earlier, before) => (later - earlier) / (index - before)),
  );
  slopes.sort((a, b) => a - b);
  return slopes[Math.floor(slopes.length / 2)] ?? 0;
}
