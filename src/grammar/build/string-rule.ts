// Strings: any, of a length, or of a language of texts.

import { anyString, quoted, stringOfLength } from "../json.ts";
import type { GrammarNode } from "../nodes.ts";
import type { TextCondition } from "../normalize/shapes.ts";
import type { Rules } from "../rules.ts";
import { conditionLanguage } from "../text/condition-language.ts";
import { SHORT_FORMAT_CHARS, SHORT_FORMATS } from "../text/format-patterns.ts";
import { formatRule } from "../text/format-rules.ts";
import { PatternError } from "../text/pattern/pattern-error.ts";
import { textRule, writable } from "../text/text-rule.ts";
import { automatonOf } from "../text/writer/automaton.ts";
import { countedRule } from "../text/writer/counted-rule.ts";
import type { BuildContext } from "./build-context.ts";

/** Lengths of brief texts that are tried. */
const BRIEF_CHARS = [48, 24];

type LengthCondition = Extract<TextCondition, { type: "length" }>;

/** Limit on rules for a length together with another condition. A maximum that takes more is lowered. */
const MOST_COUNTED = 800;
/** A higher minimum is counted by rules even without a maximum; a lower one is a part of the automaton. */
const MOST_UNCOUNTED = 16;

/** @returns null if there is no such text. @throws SchemaError */
export function stringRule(text: TextCondition, context: BuildContext): GrammarNode | null {
  const { rules, report } = context;
  if (text.type === "any") return anyString(rules);
  if (text.type === "length") return stringOfLength(rules, text.min, text.max);
  if (text.type === "format") return quoted(rules, formatRule(rules, text.format));
  const parts = text.type === "all" ? text.parts : [text];
  for (let count = parts.length; count > 0; count--) {
    const tried = parts.slice(0, count);
    try {
      const inside = insideOf(tried, rules);
      if (!inside)
        report.noteImpossible(pathOfLast(tried), "leaves no text beside the other limits");
      return inside && quoted(rules, inside);
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      report.leaveOut(pathOfLast(tried), `cannot be enforced: ${error.message}`);
    }
  }
  return anyString(rules);
}

function pathOfLast(parts: readonly TextCondition[]): string {
  const last = parts.at(-1);
  return last && last.type !== "any" ? last.path : "";
}

/** The text inside the quotes; null if there is none. @throws PatternError */
function insideOf(given: readonly TextCondition[], rules: Rules): GrammarNode | null {
  try {
    return exactly(given, rules);
  } catch (error) {
    const brief = error instanceof PatternError ? briefly(given.map(shortOf), rules) : null;
    if (brief) return brief;
    throw error;
  }
}

/** Only brief texts, for conditions that are too much together otherwise; null if that does not help. */
function briefly(parts: readonly TextCondition[], rules: Rules): GrammarNode | null {
  const { languages } = rules;
  const all = languageOf(parts, rules);
  for (const max of BRIEF_CHARS) {
    const brief = languages.both([all, languages.repeat(languages.anyChar, 0, max)]);
    if (automatonOf(brief, { isLeaf: () => false, mostStates: MOST_COUNTED })) return textRule(rules, brief); // biome-ignore format: one line
  }
  return null;
}

function exactly(given: readonly TextCondition[], rules: Rules): GrammarNode | null {
  const short = given.map(shortOf);
  const isShort = short.some((part, index) => part !== given[index]);
  const most = Math.min(...given.map(shortChars));
  return (
    (isShort ? matching(short, most, rules) : null) ??
    matching(given, Number.POSITIVE_INFINITY, rules)
  );
}

/** @param most limit on characters, beside those of the conditions. @throws PatternError */
function matching(given: readonly TextCondition[], most: number, rules: Rules): GrammarNode | null {
  const length = given.find((part) => part.type === "length") ?? ANY_LENGTH;
  const max = Math.min(length.max, most);
  if (length.min > max) return null;
  const exact = languageOf(given, rules);
  const isBounded = max !== Number.POSITIVE_INFINITY || length.min > MOST_UNCOUNTED;
  if (!isBounded || (exact.form.type !== "both" && max === length.max))
    return textRule(rules, exact);
  return counted(
    given.filter((part) => part !== length),
    { ...length, max },
    rules,
  );
}

const ANY_LENGTH: LengthCondition = {
  type: "length",
  min: 0,
  max: Number.POSITIVE_INFINITY,
  path: "",
};

function languageOf(parts: readonly TextCondition[], { languages }: Rules) {
  return languages.both(parts.map((part) => conditionLanguage(languages, part)));
}

/** A pattern for the common texts of a format with a large automaton; other conditions as they are. */
function shortOf(part: TextCondition): TextCondition {
  if (part.type !== "format") return part;
  const pattern = SHORT_FORMATS[part.format];
  return pattern === undefined ? part : { type: "pattern", pattern, path: part.path };
}

function shortChars(part: TextCondition): number {
  const most = part.type === "format" ? SHORT_FORMAT_CHARS[part.format] : undefined;
  return most ?? Number.POSITIVE_INFINITY;
}

/** @throws PatternError if the least number of characters is too much to count */
function counted(
  parts: readonly TextCondition[],
  { min, max }: LengthCondition,
  rules: Rules,
): GrammarNode | null {
  const language = writable(rules, languageOf(parts, rules));
  const automaton = automatonOf(language, { isLeaf: () => false, mostStates: MOST_COUNTED });
  if (!automaton) throw new PatternError(`its automaton has more than ${MOST_COUNTED} states`);
  if (automaton.states.size === 0) return null;
  const most = Math.floor(MOST_COUNTED / automaton.states.size);
  if (min > most) throw new PatternError(`it cannot be counted up to ${min} characters`);
  const count = { min, max: Math.min(max, most) };
  const key = `counted ${language.id} ${count.min} ${count.max}`;
  return rules.shared(key, () => countedRule(rules, automaton, count));
}
