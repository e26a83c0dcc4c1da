// The rules of a language accept its texts, written as inside the quotes of a string, and no others.

import { expect, test } from "vitest";
import { CompileBudget } from "../../../../src/grammar/compile-budget.ts";
import { Rules } from "../../../../src/grammar/rules.ts";
import { type Language, Languages } from "../../../../src/grammar/text/language.ts";
import { patternLanguage } from "../../../../src/grammar/text/pattern-language.ts";
import { textRule } from "../../../../src/grammar/text/text-rule.ts";
import { Gbnf } from "../../../support/gbnf.ts";
import { RandomPatterns } from "../../../support/random-patterns.ts";

type Compiled = {
  readonly rules: Rules;
  readonly language: Language;
  readonly matches: (written: string) => boolean;
};

function compiled(pattern: string, { limit = Infinity, quote = "" } = {}): Compiled {
  const budget = new CompileBudget(1_000_000);
  const languages = new Languages(budget);
  const length = languages.repeat(languages.anyChar, 0, limit);
  const language = languages.both([patternLanguage(languages, pattern), length]);
  const syntax = quote ? { syntax: { quote, areNamesQuoted: false, hasEscapes: false } } : {};
  const rules = new Rules({ budget, ...syntax });
  const node = textRule(rules, language);
  if (!node) return { rules, language, matches: () => false };
  rules.set("root", node);
  rules.refuseCostly();
  const grammar = new Gbnf(rules.toString());
  return { rules, language, matches: (written) => grammar.matches(written) };
}

function inQuotes(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

test("texts are written as JSON.stringify writes them", () => {
  const { matches } = compiled("^[^a]+$");
  const texts = ['"', "\\", "\b\t\n\f\r", "\u0000\u001f", "\u007f", "é😀\u2028", "/"];

  expect(texts.filter((text) => !matches(inQuotes(text)))).toEqual([]);
  expect(matches("\\u001F")).toBe(true);
  expect(['"', "\\", "\n", "\\x", "\\u0041", "\\u001", "a"].filter(matches)).toEqual([]);
});

test("where any text may follow, all escapes may", () => {
  const { matches } = compiled("^a");

  expect(["a", "a\\u0041\\/", "a\\ud83d\\ude00"].every(matches)).toBe(true);
  expect(["b", 'a"', "a\\"].some(matches)).toBe(false);
});

test("a text without escapes does not contain the start of the quote", () => {
  const { matches } = compiled("^[^x]*$", { quote: '<|"|>' });

  expect(["", "a<b|c", '"\\\n', "<"].every(matches)).toBe(true);
  expect(["<|", "a<|b", "x"].some(matches)).toBe(false);
});

test("a language without texts has no rule", () => {
  expect(compiled("^a(?!b)b").rules.toString()).toBe("");
  expect(compiled("a^").rules.bodies.size).toBe(0);
});

test("a count stays a count", () => {
  const { rules } = compiled("^[a-z]{3,500}-\\d{4}$");

  expect(rules.toString().length).toBeLessThan(200);
});

test("a length limits every pattern", () => {
  const { matches } = compiled("^[a-z]+(-[a-z]+)*$", { limit: 6 });

  expect(["a", "ab-cd", "abcdef", "a-b-c"].every(matches)).toBe(true);
  expect(["abcdefg", "a-b-c-d", "ab-", ""].some(matches)).toBe(false);
});

test("counts that differ by one share their rules", () => {
  const { rules, matches } = compiled("^[a-z.]+@[a-z.]+$", { limit: 200 });

  expect(rules.elements).toBeLessThan(3_000);
  expect(matches(`${"a".repeat(99)}@${"b".repeat(100)}`)).toBe(true);
  expect(matches(`${"a".repeat(99)}@${"b".repeat(101)}`)).toBe(false);
});

test("a long count beside other parts is written in its own form", () => {
  const url = "^https?://[-a-z0-9@:%._+~#=]{1,256}\\.[a-z0-9()]{1,6}\\b([-a-z0-9()@:%_+.~#?&/=]*)$";
  const { rules, matches } = compiled(url);

  expect(rules.toString().length).toBeLessThan(1_000);
  expect(["http://a.b", "https://www.example.com/a?b=c"].every(matches)).toBe(true);
  expect(["http://a", "http://a.(", "ftp://a.b"].some(matches)).toBe(false);
});

test("equal languages share a rule", () => {
  const budget = new CompileBudget();
  const languages = new Languages(budget);
  const rules = new Rules({ budget });
  const write = () => textRule(rules, patternLanguage(languages, "a[bc]*d"));

  const first = write();
  const { size } = rules.bodies;

  expect(write()).toBe(first);
  expect(rules.bodies.size).toBe(size);
});

test("an automaton with too many states is refused", () => {
  expect(() => compiled("^(?!a)(?=.*b.{20}$)(?=.*c.{21}$)")).toThrow(
    "its automaton has more than 4000 states",
  );
});

test("random patterns are written exactly", () => {
  const random = new RandomPatterns(5);
  for (let round = 0; round < 60; round++) {
    const pattern = random.pattern(3);
    const expression = new RegExp(pattern, "u");
    const { language, matches } = compiled(pattern);
    for (let count = 0; count < 12; count++) {
      const text = random.text(language);
      expect([pattern, text, matches(inQuotes(text))]).toEqual([
        pattern,
        text,
        expression.test(text),
      ]);
    }
  }
});
