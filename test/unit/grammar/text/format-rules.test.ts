// The rules of every format: they are made, and accept what the format's expression accepts.

import { expect, test } from "vitest";
import { Rules } from "../../../../src/grammar/rules.ts";
import { FORMAT_NAMES } from "../../../../src/grammar/text/format-patterns.ts";
import { formatRule } from "../../../../src/grammar/text/format-rules.ts";
import { Gbnf } from "../../../support/gbnf.ts";

test.each(FORMAT_NAMES)("%s becomes rules that llama.cpp can follow", (format) => {
  const rules = new Rules();
  rules.set("root", formatRule(rules, format));

  expect(() => rules.refuseCostly()).not.toThrow();
  expect(rules.elements).toBeLessThan(20_000);
});

test("the rules of a format are copied once, however often it is used", () => {
  const rules = new Rules();
  rules.set("root", formatRule(rules, "date"));
  const { elements } = rules;
  formatRule(rules, "date");

  expect(rules.elements).toBe(elements);
  const grammar = new Gbnf(rules.toString());
  expect([grammar.matches("2024-02-29"), grammar.matches("2023-02-29")]).toEqual([true, false]);
});
