// Strings of a JSON Schema, limited by length, pattern or format.

import { anyString, quoted, stringChar, stringOfLength } from "./json.ts";
import { anyNumberOf, type GrammarNode, sequence, UNBOUNDED } from "./nodes.ts";
import { ambiguityProblem } from "./pattern-ambiguity.ts";
import { PatternError, PatternParser } from "./pattern-parser.ts";
import type { Rules } from "./rules.ts";
import { join, readCount, type Schema, SchemaError } from "./schema-keywords.ts";
import { FORMAT_NAMES, formatRule } from "./string-format.ts";

const LONGEST = 2_000;
/** Budget units per character of a pattern. */
const UNITS_PER_CHAR = 4;

/** @throws SchemaError */
export function stringRule(schema: Schema, path: string, rules: Rules): GrammarNode {
  const { pattern, format, minLength, maxLength } = schema;
  const min = readCount(minLength, join(path, "minLength"), 0);
  const max = readCount(maxLength, join(path, "maxLength"), UNBOUNDED);
  const hasLength = min > 0 || max !== UNBOUNDED;
  if ([pattern !== undefined, format !== undefined, hasLength].filter(Boolean).length > 1) {
    const keyword = pattern !== undefined ? "pattern" : "format";
    throw new SchemaError(
      join(path, keyword),
      "cannot be enforced together with another limit on the string",
    );
  }
  if (pattern !== undefined) return patternString(String(pattern), join(path, "pattern"), rules);
  if (format !== undefined) return formatString(String(format), join(path, "format"), rules);
  if (!hasLength) return anyString(rules);
  if (max < min) throw new SchemaError(join(path, "maxLength"), "is below minLength");
  return stringOfLength(rules, min, max);
}

function patternString(pattern: string, path: string, rules: Rules): GrammarNode {
  try {
    return quoted(
      rules,
      rules.ofPattern(pattern, () => patternRule(pattern, rules)),
    );
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const shown = pattern.length > 100 ? `${pattern.slice(0, 100)}...` : pattern;
    throw new SchemaError(path, `${shown} cannot be enforced: ${error.message}`);
  }
}

/** The text inside the quotes. Anchors are supported at the ends. @throws PatternError */
function patternRule(pattern: string, rules: Rules): GrammarNode {
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

function formatString(format: string, path: string, rules: Rules): GrammarNode {
  const rule = formatRule(format, rules);
  if (rule) return quoted(rules, rule);
  throw new SchemaError(
    path,
    `${format} cannot be enforced; use one of ${FORMAT_NAMES.join(", ")}`,
  );
}
