// Checks the patterns of a schema, and its listed texts against them, before rules are written.

import type { TextCondition } from "../normalize/shapes.ts";
import type { Rules } from "../rules.ts";
import { KeywordError, MistakeError } from "../schema-keywords.ts";
import { conditionLanguage } from "./condition-language.ts";
import { PatternError } from "./pattern/pattern-error.ts";
import { patternLanguage } from "./pattern-language.ts";

/** @throws KeywordError for a pattern that cannot be enforced; MistakeError for a text that is no regular expression */
export function checkPattern(pattern: string, { languages }: Rules): void {
  const shown = pattern.length > 100 ? `${pattern.slice(0, 100)}...` : pattern;
  try {
    patternLanguage(languages, pattern);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    if (!isRegularExpression(pattern))
      throw new MistakeError(`${shown} is not a regular expression: ${error.message}`);
    throw new KeywordError(`${shown} cannot be enforced: ${error.message}`);
  }
}

function isRegularExpression(pattern: string): boolean {
  return ["u", ""].some((flags) => {
    try {
      return new RegExp(pattern, flags) instanceof RegExp;
    } catch {
      return false; // the caller says so
    }
  });
}

/** @throws KeywordError for a condition that is too much work */
export function allowsText(condition: TextCondition, text: string, { languages }: Rules): boolean {
  try {
    return languages.accepts(conditionLanguage(languages, condition), text);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new KeywordError(`cannot be enforced: ${error.message}`);
  }
}
