// Sets of characters as ranges of code points.

export type CharRange = readonly [from: number, to: number];

const EVERY: readonly CharRange[] = [[0, 0x10ffff]];

/** The same characters as sorted ranges that do not touch. */
export function merged(ranges: readonly CharRange[]): readonly CharRange[] {
  if (ranges.length < 2) return ranges;
  const result: [number, number][] = [];
  for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = result.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
}

/** The characters of the ranges that are not in the holes. */
export function without(
  ranges: readonly CharRange[],
  holes: readonly CharRange[],
): readonly CharRange[] {
  const sortedHoles = merged(holes);
  return ranges.flatMap(([from, to]) => {
    const left: CharRange[] = [];
    let start = from;
    for (const [holeFrom, holeTo] of sortedHoles) {
      if (holeTo < start || holeFrom > to) continue;
      if (holeFrom > start) left.push([start, holeFrom - 1]);
      start = holeTo + 1;
    }
    if (start <= to) left.push([start, to]);
    return left;
  });
}

export function complement(ranges: readonly CharRange[]): readonly CharRange[] {
  return without(EVERY, ranges);
}
