// Sets of characters as ranges of code points.

export type CharRange = readonly [from: number, to: number];

const EVERY: readonly CharRange[] = [[0, 0x10ffff]];

/** The range of the first character of a text. */
export function rangeOf(text: string): CharRange {
  const code = text.codePointAt(0) ?? 0;
  return [code, code];
}

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

/** The characters of the ranges that are not in the holes. Both may be in any order. */
export function without(
  ranges: readonly CharRange[],
  holes: readonly CharRange[],
): readonly CharRange[] {
  const sortedHoles = merged(holes);
  const left: CharRange[] = [];
  let at = 0;
  for (const [from, to] of ranges) {
    if (from <= (sortedHoles[at - 1]?.[1] ?? -1)) at = 0; // the ranges are not sorted
    let start = from;
    for (; at < sortedHoles.length; at++) {
      const [holeFrom, holeTo] = sortedHoles[at] ?? [0, 0];
      if (holeTo < start) continue;
      if (holeFrom > to) break;
      if (holeFrom > start) left.push([start, holeFrom - 1]);
      start = holeTo + 1;
      if (start > to) break; // the hole may reach into the next range
    }
    if (start <= to) left.push([start, to]);
  }
  return left;
}

/** All other characters. */
export function complement(ranges: readonly CharRange[]): readonly CharRange[] {
  return without(EVERY, ranges);
}
