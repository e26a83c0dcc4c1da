// Facts about the texts of a language that follow from its form alone.

import type { LanguageForm, TextLanguage } from "./language-node.ts";

type Facts = Pick<TextLanguage, "isNullable" | "shortest" | "longest" | "isPlain">;

/** Equal forms have equal keys. */
export function keyOf(form: LanguageForm): string {
  switch (form.type) {
    case "nothing":
    case "empty":
      return form.type;
    case "chars":
      return `c${form.ranges.join()}`;
    case "sequence":
      return `s${form.first.id},${form.rest.id}`;
    case "either":
    case "both":
      return form.type + form.parts.map(({ id }) => id).join();
    case "not":
      return `n${form.part.id}`;
    case "repeat":
      return `r${form.part.id},${form.min},${form.max}`;
    case "loop":
      throw new Error("a loop is known by its name");
  }
}

export function factsOf(form: LanguageForm): Facts {
  switch (form.type) {
    case "nothing":
      return { isNullable: false, shortest: Infinity, longest: 0, isPlain: true };
    case "empty":
      return { isNullable: true, shortest: 0, longest: 0, isPlain: true };
    case "chars":
      return { isNullable: false, shortest: 1, longest: 1, isPlain: true };
    case "sequence": {
      const { first, rest } = form;
      return {
        isNullable: first.isNullable && rest.isNullable,
        shortest: first.shortest + rest.shortest,
        longest: first.longest + rest.longest,
        isPlain: first.isPlain && rest.isPlain,
      };
    }
    case "either":
      return form.parts.map(factsOfPart).reduce(eitherFacts);
    case "both":
      return { ...form.parts.map(factsOfPart).reduce(bothFacts), isPlain: false };
    case "repeat": {
      const { part, min, max } = form;
      return {
        isNullable: min === 0 || part.isNullable,
        shortest: part.shortest * min,
        longest: part.longest * max,
        isPlain: part.isPlain,
      };
    }
    case "not":
      return {
        isNullable: !form.part.isNullable,
        shortest: form.part.isNullable ? 1 : 0,
        longest: Infinity,
        isPlain: false,
      };
    case "loop":
      return { isNullable: false, shortest: 0, longest: Infinity, isPlain: false };
  }
}

function factsOfPart(part: TextLanguage): Facts {
  return part;
}

function eitherFacts(a: Facts, b: Facts): Facts {
  return {
    isNullable: a.isNullable || b.isNullable,
    shortest: Math.min(a.shortest, b.shortest),
    longest: Math.max(a.longest, b.longest),
    isPlain: a.isPlain && b.isPlain,
  };
}

function bothFacts(a: Facts, b: Facts): Facts {
  return {
    isNullable: a.isNullable && b.isNullable,
    shortest: Math.max(a.shortest, b.shortest),
    longest: Math.min(a.longest, b.longest),
    isPlain: false,
  };
}
