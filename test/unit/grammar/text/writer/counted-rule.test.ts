// The texts of a pattern with a number of characters: every text over a few characters is tried.

import { expect, test } from "vitest";
import { CompileBudget } from "../../../../../src/grammar/compile-budget.ts";
import { Rules } from "../../../../../src/grammar/rules.ts";
import { patternLanguage } from "../../../../../src/grammar/text/pattern-language.ts";
import { automatonOf } from "../../../../../src/grammar/text/writer/automaton.ts";
import { countedRule } from "../../../../../src/grammar/text/writer/counted-rule.ts";
import { Gbnf } from "../../../../support/gbnf.ts";

const TEXTS = [1, 2, 3, 4, 5].reduce<readonly string[]>(
  (texts) => ["", ...texts.flatMap((text) => ["a", "b", "😀"].map((char) => text + char))],
  [""],
);

function grammarOf(pattern: string, min: number, max: number): Gbnf | null {
  const rules = new Rules({ budget: new CompileBudget(1_000_000) });
  const language = patternLanguage(rules.languages, pattern);
  const automaton = automatonOf(language, { isLeaf: () => false, mostStates: 100 });
  const node = automaton && countedRule(rules, automaton, { min, max });
  if (!node) return null;
  rules.set("root", node);
  return new Gbnf(rules.toString());
}

test.each(["^a", "b$", "^(ab)*$", "^[^b]+$", "aa|bb", "^a?b?a?$"])("%s with all counts", (pattern) => {
  const wanted = new RegExp(pattern, "u");
  for (const [min, max] of [[0, 0], [0, 2], [1, 3], [2, 2], [3, 5]] as const) {
    const grammar = grammarOf(pattern, min, max);
    for (const text of TEXTS) {
      const length = [...text].length;
      const isAllowed = wanted.test(text) && length >= min && length <= max;
      expect(grammar?.matches(text) ?? false, `${text} ${min} ${max}`).toBe(isAllowed);
    }
  }
}); // biome-ignore format: a table

test("there is no rule if no text has the required number of characters", () => {
  expect(grammarOf("^a{1,3}$", 4, 9)).toBeNull();
  expect(grammarOf("^(aa)+$", 3, 3)).toBeNull();
});
