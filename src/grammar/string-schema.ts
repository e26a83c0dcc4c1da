// Strings of a JSON Schema, limited by length, pattern or format.

import { anyString, quoted, stringChar, stringOfLength } from "./json.ts";
import { anyNumberOf, type GrammarNode, sequence, UNBOUNDED } from "./nodes.ts";
import { ambiguityProblem } from "./pattern-ambiguity.ts";
import { PatternError, PatternParser } from "./pattern-parser.ts";
import type { Rules } from "./rules.ts";
import { EmptyError, KeywordError, readLeast, readMost, type Schema } from "./schema-keywords.ts";
import { formatLengths, formatRule, isKnownFormat } from "./string-format.ts";

const LONGEST = 2_000;
/** Budget units per character of a pattern. */
const UNITS_PER_CHAR = 4;

/** @throws KeywordError */
export function stringRule(schema: Schema, rules: Rules): GrammarNode {
  const { pattern } = schema;
  const format = isKnownFormat(schema.format) ? schema.format : undefined;
  const min = readLeast(schema, "minLength");
  const max = readMost(schema, "maxLength", UNBOUNDED);
  if (max < min) throw new EmptyError("maxLength", "is below minLength");
  const hasLength = (min > 0 || max !== UNBOUNDED) && !(format && isImplied(format, min, max));
  if ([pattern !== undefined, format !== undefined, hasLength].filter(Boolean).length > 1) {
    const keyword = pattern !== undefined ? "pattern" : "format";
    throw new KeywordError(keyword, "cannot be enforced together with another limit on the string");
  }
  if (pattern !== undefined) return quoted(rules, patternRule(String(pattern), rules));
  if (format !== undefined) return quoted(rules, formatRule(format, rules));
  return hasLength ? stringOfLength(rules, min, max) : anyString(rules);
}

function isImplied(format: string, min: number, max: number): boolean {
  const lengths = formatLengths(format);
  return min <= lengths.min && max >= lengths.max;
}

function patternRule(pattern: string, rules: Rules): GrammarNode {
  try {
    return rules.shared("pattern", pattern, () => newPatternRule(pattern, rules));
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const shown = pattern.length > 100 ? `${pattern.slice(0, 100)}...` : pattern;
    throw new KeywordError("pattern", `${shown} cannot be enforced: ${error.message}`);
  }
}

/** The text inside the quotes. Anchors are supported at the ends. @throws PatternError */
function newPatternRule(pattern: string, rules: Rules): GrammarNode {
  if (pattern.length > LONGEST) throw new PatternError(`it has more than ${LONGEST} characters`);
  const { budget, syntax } = rules;
  budget.spend(pattern.length * UNITS_PER_CHAR);
  const isOpenAtStart = !pattern.startsWith("^");
  const isOpenAtEnd = !/(^|[^\\])(\\\\)*\$$/.test(pattern);
  const inner = pattern.slice(isOpenAtStart ? 0 : 1, isOpenAtEnd ? undefined : -1);
  const parser = new PatternParser(inner, rules);
  const body = parser.parse();
  if (parser.hasAlternatives && !(isOpenAtStart && isOpenAtEnd)) {
    throw new PatternError(
      "it has an anchor and | at the top level; put the alternatives in a group",
    );
  }
  const any = anyNumberOf(stringChar(rules));
  const whole = sequence(isOpenAtStart ? any : "", body, isOpenAtEnd ? any : "");
  const rule = rules.add("pattern", whole);
  const problem = budget.problemOf(`${syntax.quote}${pattern}`, () =>
    ambiguityProblem(rule, rules.bodies, budget),
  );
  if (problem) throw new PatternError(problem);
  return rule;
}
