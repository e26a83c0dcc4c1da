// Character classes, and the character that most of them share. For pattern-ambiguity.ts.

import type { CompileBudget } from "./compile-budget.ts";
import type { CharRange } from "./rules.ts";

export type CharClass = {
  readonly type: "char";
  readonly id: number;
  readonly isNegated: boolean;
  readonly ranges: readonly CharRange[];
  /** The class as sorted ranges without overlaps and without negation. */
  readonly spans: readonly CharRange[];
};

/** The first character that the most ways accept; null if there is none. */
export function mostSharedChar(
  ways: ReadonlyMap<CharClass, number>,
  budget: CompileBudget,
): number | null {
  const changes = new Map<number, number>();
  const change = (char: number, by: number) => changes.set(char, (changes.get(char) ?? 0) + by);
  for (const [{ spans }, count] of ways) {
    budget.spend(1 + spans.length);
    for (const [from, to] of spans) {
      change(from, count);
      change(to + 1, -count);
    }
  }
  const starts = [...changes.keys()].sort((a, b) => a - b);
  let sum = 0;
  const sums = starts.map((start) => (sum += changes.get(start) ?? 0));
  let best = { char: null as number | null, sum: 0 };
  for (const char of candidates(ways.keys())) {
    const shared = sums[lastUpTo(starts, char)] ?? 0;
    if (shared > best.sum) best = { char, sum: shared };
  }
  return best.char;
}

/** Candidate characters: at least one is in each class and in each intersection of classes. */
function candidates(nodes: Iterable<CharClass>): Set<number> {
  const chars = new Set<number>();
  for (const { ranges, isNegated } of nodes) {
    for (const [from, to] of ranges) {
      chars.add(from);
      if (isNegated) chars.add(from - 1).add(to + 1);
    }
  }
  return chars;
}

/** Index of the last number that is not above the limit; -1 if there is none. */
function lastUpTo(sorted: readonly number[], limit: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export function matches({ spans }: CharClass, char: number): boolean {
  return spans.some(([from, to]) => char >= from && char <= to);
}

/** One before the first code point and one after the last. */
const [BEFORE_ALL, AFTER_ALL] = [-1, 0x110000];

export function spansOf(ranges: readonly CharRange[], isNegated: boolean): readonly CharRange[] {
  const merged: [number, number][] = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  if (!isNegated) return merged;
  const edges = [BEFORE_ALL - 1, ...merged.flat(), AFTER_ALL + 1];
  const gaps = merged.length + 1;
  return Array.from({ length: gaps }, (_, index): CharRange => {
    const [before = 0, after = 0] = edges.slice(index * 2, index * 2 + 2);
    return [before + 1, after - 1];
  }).filter(([from, to]) => from <= to);
}
