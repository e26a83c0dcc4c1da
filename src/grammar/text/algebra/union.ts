// The shortest form of a union. All rewrites keep the exact set of texts; they let equal states of an automaton be found equal.

import { isWithin, runOf } from "./alphabet.ts";
import type { LanguageForm, LanguageMaker, TextLanguage } from "./language-node.ts";
import { type Bounds, timesOf } from "./repetition.ts";

/** The texts of any of the languages. */
export function unionOf(maker: LanguageMaker, given: readonly TextLanguage[]): TextLanguage {
  const flat = new Set<TextLanguage>();
  for (const part of given) {
    if (part.form.type === "either") for (const each of part.form.parts) flat.add(each);
    else if (part !== maker.nothing) flat.add(part);
  }
  const [only = maker.nothing] = flat;
  if (flat.size < 2) return only;
  if (flat.has(maker.everything)) return maker.everything;
  maker.budget.spend(2 * flat.size);
  const parts = [...flat];
  for (const merge of MERGES) {
    const fewer = merge(maker, parts);
    if (fewer.length < parts.length) return unionOf(maker, fewer);
  }
  return withoutEmpty(maker, parts);
}

const MERGES = [mergedChars, mergedRepeats, mergedHeads, mergedTails, withoutImplied, mergedNots];

function mergedChars(
  maker: LanguageMaker,
  parts: readonly TextLanguage[],
): readonly TextLanguage[] {
  if (!hasTwo(parts, "chars")) return parts;
  const others = parts.filter(({ form }) => form.type !== "chars");
  const ranges = parts.flatMap(({ form }) => (form.type === "chars" ? form.ranges : []));
  maker.budget.spend(ranges.length);
  return [...others, maker.chars(ranges)];
}

function hasTwo(parts: readonly TextLanguage[], type: LanguageForm["type"]): boolean {
  let count = 0;
  for (const { form } of parts) if (form.type === type) count += 1;
  return count > 1;
}

/** `xa | x{2,3}a | x{3,9}a` is `x{1,9}a`. */
function mergedRepeats(
  maker: LanguageMaker,
  parts: readonly TextLanguage[],
): readonly TextLanguage[] {
  if (!parts.some((part) => headOf(part).form.type === "repeat")) return parts;
  const groups = grouped(parts, (part) => `${timesOf(headOf(part)).part.id},${tailOf(part).id}`);
  if (groups.size === parts.length) return parts;
  return [...groups.values()].flatMap((members) => {
    const [first = maker.nothing] = members;
    if (members.length === 1) return first;
    const bounds = members.map((member) => timesOf(headOf(member)));
    const { part } = timesOf(headOf(first));
    const least = Math.min(...bounds.map(({ min }) => min));
    // If any text may follow, the shortest repetition includes the longer ones.
    const isAllShort = tailOf(first) === maker.everything;
    const counts = isAllShort ? [{ min: least, max: least }] : joinedCounts(bounds);
    return counts.map(({ min, max }) =>
      maker.sequence(maker.repeat(part, min, max), tailOf(first)),
    );
  });
}

/** The same counts, with touching bounds joined. */
function joinedCounts(bounds: readonly Bounds[]): readonly Bounds[] {
  const result: { min: number; max: number }[] = [];
  for (const { min, max } of bounds.toSorted((a, b) => a.min - b.min)) {
    const last = result.at(-1);
    if (last && min <= last.max + 1) last.max = Math.max(last.max, max);
    else result.push({ min, max });
  }
  return result;
}

/** `ab | ac` is `a(b|c)`. */
function mergedHeads(
  maker: LanguageMaker,
  parts: readonly TextLanguage[],
): readonly TextLanguage[] {
  if (!parts.some(({ form }) => form.type === "sequence")) return parts;
  const groups = grouped(parts, (part) => headOf(part).id);
  if (groups.size === parts.length) return parts;
  return [...groups.values()].map((members) => {
    const [first = maker.nothing] = members;
    const head = headOf(first);
    if (members.length === 1) return first;
    return maker.sequence(head, maker.either(members.map(tailOf)));
  });
}

function headOf(language: TextLanguage): TextLanguage {
  return language.form.type === "sequence" ? language.form.first : language;
}

function tailOf({ form, owner }: TextLanguage): TextLanguage {
  return form.type === "sequence" ? form.rest : owner.empty;
}

/** `ac | bc` is `[ab]c`. */
function mergedTails(
  maker: LanguageMaker,
  parts: readonly TextLanguage[],
): readonly TextLanguage[] {
  if (!hasTwo(parts, "sequence")) return parts;
  const others = parts.filter((part) => !startsWithChar(part));
  const groups = grouped(parts.filter(startsWithChar), (part) => tailOf(part).id);
  const heads = [...groups.values()].map((members) => {
    const [first = maker.nothing] = members;
    if (members.length === 1) return first;
    return maker.sequence(maker.either(members.map(headOf)), tailOf(first));
  });
  return [...others, ...heads];
}

function startsWithChar({ form }: TextLanguage): boolean {
  return form.type === "sequence" && form.first.form.type === "chars";
}

/** Leaves out languages whose texts are all in `[a-z]{2,9}`. */
function withoutImplied(
  maker: LanguageMaker,
  parts: readonly TextLanguage[],
): readonly TextLanguage[] {
  const runs = parts.filter((part) => runOf(part));
  if (runs.length === 0) return parts;
  return parts.filter((part) => !runs.some((run) => part !== run && isWithin(maker, part, run)));
}

function mergedNots(maker: LanguageMaker, parts: readonly TextLanguage[]): readonly TextLanguage[] {
  const nots = parts.flatMap(({ form }) => (form.type === "not" ? form.part : []));
  if (nots.some((part) => parts.includes(part))) return [maker.everything];
  if (nots.length < 2) return parts;
  return [...parts.filter(({ form }) => form.type !== "not"), maker.not(maker.both(nots))];
}

function withoutEmpty(maker: LanguageMaker, parts: readonly TextLanguage[]): TextLanguage {
  const others = parts.filter((part) => part !== maker.empty);
  if (others.length < parts.length) {
    if (others.some(({ isNullable }) => isNullable)) return unionOf(maker, others);
    const [first] = others;
    if (first && others.length === 1) return maker.repeat(first, 0, 1);
    const once = others.find(({ form }) => form.type === "repeat" && form.min === 1);
    if (once?.form.type === "repeat") {
      const optional = maker.repeat(once.form.part, 0, once.form.max);
      return unionOf(maker, [...others.filter((part) => part !== once), optional]);
    }
  }
  return maker.intern({ type: "either", parts: parts.toSorted((a, b) => a.id - b.id) });
}

function grouped<Key>(
  parts: readonly TextLanguage[],
  keyOf: (part: TextLanguage) => Key,
): ReadonlyMap<Key, readonly TextLanguage[]> {
  const groups = new Map<Key, TextLanguage[]>();
  for (const part of parts) {
    const key = keyOf(part);
    const members = groups.get(key);
    if (members) members.push(part);
    else groups.set(key, [part]);
  }
  return groups;
}
