// The shortest form of a concatenation and of a repetition. All rewrites keep the exact set of texts.

import type { LanguageMaker, TextLanguage } from "./language-node.ts";

export type Bounds = { readonly min: number; readonly max: number };

/** Texts of `first`, each followed by a text of `rest`. */
export function concatenation(
  maker: LanguageMaker,
  first: TextLanguage,
  rest: TextLanguage,
): TextLanguage {
  const { nothing, empty, everything } = maker;
  if (first === nothing || rest === nothing) return nothing;
  if (first === empty) return rest;
  if (rest === empty) return first;
  if (first === everything && rest.isNullable) return everything;
  if (rest === everything && first.isNullable) return everything;
  if (rest === everything && first.form.type === "repeat" && first.form.min < first.form.max)
    return concatenation(
      maker,
      maker.repeat(first.form.part, first.form.min, first.form.min),
      rest,
    );
  if (first.form.type === "sequence")
    return partsOf(first).reduceRight((tail, part) => concatenation(maker, part, tail), rest);
  const [second, others] = splitOf(rest, empty);
  const joined = joinedRepeats(maker, first, second) ?? null;
  if (joined) return concatenation(maker, joined, others);
  return rotated(maker, first, rest) ?? maker.intern({ type: "sequence", first, rest });
}

/** The parts of a sequence; another language is its only part. */
export function partsOf(language: TextLanguage): readonly TextLanguage[] {
  const parts: TextLanguage[] = [];
  let rest = language;
  for (; rest.form.type === "sequence"; rest = rest.form.rest) parts.push(rest.form.first);
  return [...parts, rest];
}

/** The first part of a sequence, and the others. */
function splitOf(
  language: TextLanguage,
  empty: TextLanguage,
): readonly [TextLanguage, TextLanguage] {
  const { form } = language;
  return form.type === "sequence" ? [form.first, form.rest] : [language, empty];
}

/** `x{1,2}x{3,4}` is `x{4,6}`. */
function joinedRepeats(
  maker: LanguageMaker,
  a: TextLanguage,
  b: TextLanguage,
): TextLanguage | null {
  const [first, second] = [timesOf(a), timesOf(b)];
  if (first.part === second.part) {
    if (a.form.type !== "repeat" && b.form.type !== "repeat") return null; // a literal stays one
    return maker.repeat(first.part, first.min + second.min, first.max + second.max);
  }
  return null;
}

/** A repetition as it is; another language as itself, once. */
export function timesOf(language: TextLanguage): Bounds & { readonly part: TextLanguage } {
  const { form } = language;
  return form.type === "repeat" ? form : { part: language, min: 1, max: 1 };
}

/** `(ab)*a` is `a(ba)*`, in which the next character decides when the repetition ends. */
function rotated(
  maker: LanguageMaker,
  first: TextLanguage,
  rest: TextLanguage,
): TextLanguage | null {
  if (first.form.type !== "repeat" || first.form.part.form.type !== "sequence") return null;
  const { part, min, max } = first.form;
  const [head, tail] = splitOf(part, maker.empty);
  const [second, others] = splitOf(rest, maker.empty);
  if (head !== second) return null;
  const turned = maker.repeat(concatenation(maker, tail, head), min, max);
  return concatenation(maker, head, concatenation(maker, turned, others));
}

/** The language repeated `min` to `max` times. */
export function repetition(maker: LanguageMaker, part: TextLanguage, bounds: Bounds): TextLanguage {
  const { nothing, empty, everything } = maker;
  const min = part.isNullable ? 0 : bounds.min;
  const { max } = bounds;
  if (max < min) return nothing;
  if (max === 0 || part === empty) return empty;
  if (part === nothing) return min === 0 ? empty : nothing;
  if ((min === 1 || part.isNullable) && max === 1) return part;
  if (part === everything) return everything;
  const { form } = part;
  if (form.type === "repeat" && isGapless(form, { min, max }))
    return repetition(maker, form.part, { min: form.min * min, max: form.max * max });
  if (form.type === "either") {
    if (min === 0 && max === 1) return maker.either([empty, part]);
    const options = form.parts.filter((each) => each !== empty);
    if (options.length < form.parts.length) return maker.repeat(maker.either(options), 0, max);
    if (min === 0 && max === Infinity) {
      const flat = maker.either(options.map(withoutStar));
      if (flat !== part) return maker.repeat(flat, 0, Infinity);
    }
  }
  return maker.intern({ type: "repeat", part, min, max });
}

/** Whether every count from the least to the most can be reached: `(a{2,3}){1,2}` is `a{2,6}`, `(aa){0,2}` is not `a{0,4}`. */
function isGapless(inner: Bounds, { min, max }: Bounds): boolean {
  if (min === max) return true;
  const from = Math.max(min, 1);
  return (min > 0 || inner.min <= 1) && (from + 1) * inner.min <= from * inner.max + 1;
}

function withoutStar(language: TextLanguage): TextLanguage {
  const { form } = language;
  return form.type === "repeat" && form.min <= 1 && form.max === Infinity ? form.part : language;
}
