// The characters and lengths of the texts of a language, as far as its form shows them.

import type { CharRange } from "../../char-ranges.ts";
import type { LanguageMaker, TextLanguage } from "./language-node.ts";

/** Characters of one class, in any order. */
export type CharRun = {
  readonly chars: TextLanguage;
  readonly ranges: readonly CharRange[];
  readonly min: number;
  readonly max: number;
};

/** @returns null for a language that is not one class, repeated */
export function runOf(language: TextLanguage): CharRun | null {
  const { form } = language;
  if (form.type === "chars") return { chars: language, ranges: form.ranges, min: 1, max: 1 };
  if (form.type !== "repeat" || form.part.form.type !== "chars") return null;
  return { chars: form.part, ranges: form.part.form.ranges, min: form.min, max: form.max };
}

/** Whether it is certain that each text of the language is in `of`, a repeated class. */
export function isWithin(maker: LanguageMaker, language: TextLanguage, of: TextLanguage): boolean {
  const run = runOf(of);
  if (!run || language.shortest < run.min || language.longest > run.max) return false;
  const alphabet = maker.alphabet(language);
  if (alphabet === run.chars || run.chars === maker.anyChar) return true;
  return alphabet.form.type === "chars" && isSubset(maker, alphabet.form.ranges, run.ranges);
}

function isSubset(
  { budget }: LanguageMaker,
  ranges: readonly CharRange[],
  of: readonly CharRange[],
): boolean {
  budget.spend((ranges.length + of.length) / 4);
  let at = 0;
  for (const [from, to] of ranges) {
    while (at < of.length && (of[at]?.[1] ?? 0) < from) at += 1;
    const [start, end] = of[at] ?? [1, 0];
    if (from < start || to > end) return false;
  }
  return true;
}

/** All characters that may be in a text of the language, or more. */
export function newAlphabet(maker: LanguageMaker, language: TextLanguage): TextLanguage {
  const { form } = language;
  switch (form.type) {
    case "nothing":
    case "empty":
      return maker.nothing;
    case "chars":
      return language;
    case "sequence": {
      const heads: TextLanguage[] = [];
      let rest = language;
      while (rest.form.type === "sequence") {
        heads.push(maker.alphabet(rest.form.first));
        rest = rest.form.rest;
      }
      return maker.either([...new Set(heads), maker.alphabet(rest)]);
    }
    case "either":
      return maker.either(form.parts.map((part) => maker.alphabet(part)));
    case "both":
      return maker.both(form.parts.map((part) => maker.alphabet(part)));
    case "repeat":
      return maker.alphabet(form.part);
    case "not":
    case "loop":
      return maker.anyChar;
  }
}
