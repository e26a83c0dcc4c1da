// The pattern of a JSON Schema as the rule of a text. Anchors are supported at the ends.

import { anyNumberOf, type GrammarNode, sequence } from "./nodes.ts";
import { ambiguityProblem } from "./pattern-ambiguity.ts";
import { PatternError, PatternParser } from "./pattern-parser.ts";
import type { Rules } from "./rules.ts";

const LONGEST = 2_000;
/** Budget units per character of a pattern. */
const UNITS_PER_CHAR = 4;

/**
 * @param anyChar rule of a character outside the anchors
 * @returns the text inside the quotes
 * @throws PatternError
 */
export function patternRule(pattern: string, rules: Rules, anyChar: GrammarNode): GrammarNode {
  return rules.ofPattern(pattern, () => newRule(pattern, rules, anyChar));
}

function newRule(pattern: string, rules: Rules, anyChar: GrammarNode): GrammarNode {
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
  const around = (isOpen: boolean) => (isOpen ? anyNumberOf(anyChar) : "");
  const whole = sequence(around(isOpenAtStart), body, around(isOpenAtEnd));
  const rule = rules.add("pattern", whole);
  const problem = budget.problemOf(`${syntax.quote}${pattern}`, () =>
    ambiguityProblem(rule, rules.bodies, budget),
  );
  if (problem) throw new PatternError(problem);
  return rule;
}
