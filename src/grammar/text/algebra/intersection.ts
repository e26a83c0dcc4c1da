// The shortest form of an intersection. All rewrites keep the exact set of texts.

import { complement, without } from "../../char-ranges.ts";
import { type CharRun, isWithin, runOf } from "./alphabet.ts";
import type { LanguageMaker, TextLanguage } from "./language-node.ts";

/** The texts that are in all of the languages. */
export function intersectionOf(maker: LanguageMaker, given: readonly TextLanguage[]): TextLanguage {
  const { nothing, empty, everything } = maker;
  const flat = new Set<TextLanguage>();
  for (const part of given) {
    if (part === nothing) return nothing;
    if (part.form.type === "both") for (const each of part.form.parts) flat.add(each);
    else if (part !== everything) flat.add(part);
  }
  const [only = everything] = flat;
  if (flat.size < 2) return only;
  maker.budget.spend(2 * flat.size);
  const parts = [...flat];
  const shortest = parts.reduce((most, part) => Math.max(most, part.shortest), 0);
  const longest = parts.reduce((least, part) => Math.min(least, part.longest), Infinity);
  if (shortest > longest) return nothing;
  if (longest === 0) return parts.every(({ isNullable }) => isNullable) ? empty : nothing;
  const runs = parts.flatMap((part) => runOf(part) ?? []);
  const nots = parts.flatMap(({ form }) => (form.type === "not" ? form.part : []));
  if (nots.some((part) => flat.has(part))) return nothing;
  if (runs.length > 1) {
    const others = parts.filter((part) => !runOf(part));
    return intersectionOf(maker, [...others, mergedRuns(maker, runs)]);
  }
  if (nots.length > 1) {
    const others = parts.filter(({ form }) => form.type !== "not");
    return intersectionOf(maker, [...others, maker.not(maker.either(nots))]);
  }
  const left = runs.length === 1 ? withoutImplied(maker, parts) : parts;
  if (left.length < parts.length) return intersectionOf(maker, left);
  return maker.intern({ type: "both", parts: parts.sort((a, b) => a.id - b.id) });
}

/** `[a-m]{0,9}` and `[k-z]{2,}` is `[k-m]{2,9}`. */
function mergedRuns(maker: LanguageMaker, runs: readonly CharRun[]): TextLanguage {
  const ranges = runs.map((run) => run.ranges).reduce((a, b) => without(a, complement(b)));
  const min = Math.max(...runs.map((run) => run.min));
  const max = Math.min(...runs.map((run) => run.max));
  maker.budget.spend(runs.reduce((sum, run) => sum + run.ranges.length, 0));
  return maker.repeat(maker.chars(ranges), min, max);
}

/** `[a-z]{2,9}` is left out if another language is within it. */
function withoutImplied(
  maker: LanguageMaker,
  parts: readonly TextLanguage[],
): readonly TextLanguage[] {
  const run = parts.find((part) => runOf(part));
  if (!run) return parts;
  const others = parts.filter((part) => part !== run);
  return others.some((part) => isWithin(maker, part, run)) ? others : parts;
}
