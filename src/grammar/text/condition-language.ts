// The language of a condition on texts.

import type { TextCondition } from "../normalize/shapes.ts";
import { FORMAT_PATTERNS } from "./format-patterns.ts";
import type { Language, Languages } from "./language.ts";
import { patternLanguage } from "./pattern-language.ts";

/** @throws PatternError for a pattern that cannot be read */
export function conditionLanguage(languages: Languages, condition: TextCondition): Language {
  switch (condition.type) {
    case "any":
      return languages.everything;
    case "length":
      return languages.repeat(languages.anyChar, condition.min, condition.max);
    case "pattern":
      return patternLanguage(languages, condition.pattern);
    case "format":
      return patternLanguage(languages, FORMAT_PATTERNS[condition.format] ?? "");
    case "values":
      return languages.either(condition.values.map((text) => languages.literal(text)));
    case "not":
      return languages.not(conditionLanguage(languages, condition.part));
    case "all":
      return languages.both(condition.parts.map((part) => conditionLanguage(languages, part)));
    case "either":
      return languages.either(condition.parts.map((part) => conditionLanguage(languages, part)));
  }
}
