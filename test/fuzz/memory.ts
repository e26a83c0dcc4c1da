// Separates memory growth from noise: allocators and garbage collectors keep freed memory for a while.

/** Share of samples ignored at the start, while caches fill up. */
const WARM_UP = 0.4;
const LEAST_SAMPLES = 8;

/** Growth in MB per sample after the warm-up: the median slope over all pairs. Null if there are too few samples. */
export function growthOf(samples: readonly number[]): number | null {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP)).filter(Number.isFinite);
  if (warm.length < LEAST_SAMPLES) return null;
  const slopes = warm.flatMap((later, index) =>
    warm.slice(0, index).map((earlier, before) => (later - earlier) / (index - before)),
  );
  slopes.sort((a, b) => a - b);
  return slopes[Math.floor(slopes.length / 2)] ?? 0;
}
