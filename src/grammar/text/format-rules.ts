// The rules of string formats. They are the same for every schema, so each format is compiled once in a process.

import { JSON_SYNTAX, type Syntax } from "../../generation/syntax.ts";
import { CompileBudget } from "../compile-budget.ts";
import type { GrammarNode } from "../nodes.ts";
import { Rules } from "../rules.ts";
import { FORMAT_PATTERNS } from "./format-patterns.ts";
import { patternLanguage } from "./pattern-language.ts";
import { textRule } from "./text-rule.ts";

/** Formats cost clients nothing: they are compiled once. */
const UNLIMITED = Number.POSITIVE_INFINITY;
const compiled = new Map<string, Rules>();

/** @param format a known one. @returns the text inside the quotes */
export function formatRule(rules: Rules, format: string): GrammarNode {
  return rules.include(`format-${format}`, rulesOf(format, rules.syntax));
}

function rulesOf(format: string, syntax: Syntax): Rules {
  const key = `${format} ${syntax === JSON_SYNTAX ? "" : JSON.stringify(syntax)}`;
  const known = compiled.get(key);
  if (known) return known;
  const rules = new Rules({ syntax, budget: new CompileBudget(UNLIMITED) });
  const text = textRule(rules, patternLanguage(rules.languages, FORMAT_PATTERNS[format] ?? ""));
  if (!text) throw new Error(`the format ${format} has no text`);
  rules.set("root", text);
  compiled.set(key, rules);
  return rules;
}
