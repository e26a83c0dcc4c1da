// The texts of a language that start or end with certain characters.

import type { LanguageMaker, TextLanguage } from "./language-node.ts";
import { partsOf } from "./repetition.ts";

/** @param chars one character of a class */
export function startingWith(language: TextLanguage, chars: TextLanguage): TextLanguage {
  const { form, owner } = language;
  owner.budget.spend(1);
  switch (form.type) {
    case "nothing":
    case "empty":
      return owner.nothing;
    case "chars":
      return owner.both([language, chars]);
    case "sequence": {
      const { first, rest } = form;
      const started = owner.sequence(startingWith(first, chars), rest);
      return first.isNullable ? owner.either([started, startingWith(rest, chars)]) : started;
    }
    case "either":
      return owner.either(form.parts.map((part) => startingWith(part, chars)));
    case "repeat":
      return owner.sequence(startingWith(form.part, chars), onceLess(owner, form));
    default:
      return owner.both([language, owner.sequence(chars, owner.everything)]);
  }
}

/** @param chars one character of a class */
export function endingWith(language: TextLanguage, chars: TextLanguage): TextLanguage {
  const { form, owner } = language;
  owner.budget.spend(1);
  switch (form.type) {
    case "nothing":
    case "empty":
      return owner.nothing;
    case "chars":
      return owner.both([language, chars]);
    case "sequence": {
      const parts = partsOf(language);
      const found = parts.findLastIndex(({ isNullable }) => !isNullable);
      const from = Math.max(0, found); // all parts after it may be empty
      const options = parts.slice(from).map((part, index) => {
        const before = parts.slice(0, from + index);
        return owner.sequence(...before, endingWith(part, chars));
      });
      return owner.either(options);
    }
    case "either":
      return owner.either(form.parts.map((part) => endingWith(part, chars)));
    case "repeat":
      return owner.sequence(onceLess(owner, form), endingWith(form.part, chars));
    default:
      return owner.both([language, owner.sequence(owner.everything, chars)]);
  }
}

type Repeat = Extract<TextLanguage["form"], { type: "repeat" }>;

function onceLess(owner: LanguageMaker, { part, min, max }: Repeat): TextLanguage {
  return owner.repeat(part, Math.max(0, min - 1), max - 1);
}
