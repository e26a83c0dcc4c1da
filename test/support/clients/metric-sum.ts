// Reads the text of /metrics.

/** @returns the sum of the metric's series that have these labels; null without one */
export function metricSum(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | null {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const values = [...text.matchAll(/^([^\s#{]+)(?:\{(.*)\})? (\S+)$/gm)]
    .filter(([, each]) => each === name)
    .filter(([, , given = ""]) => wanted.every((label) => given.split(",").includes(label)))
    .map(([, , , value]) => Number(value));
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) : null;
}
