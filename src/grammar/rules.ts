// Building blocks of GBNF, the grammar format that constrains sampling in llama.cpp: literals, repetitions, and named rules.
// Format: https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md

import { CompileBudget } from "./compile-budget.ts";
import { GrammarCost } from "./grammar-cost.ts";
import { SchemaError } from "./schema-keywords.ts";
import { JSON_SYNTAX, type Syntax } from "./syntax.ts";

/** llama.cpp expands every repetition, so longer ones are built from blocks. */
const BLOCK = 64;

export type RulesOptions = {
  /** Prefix of all rule names, so that several grammars can be joined. */
  readonly prefix?: string;
  readonly syntax?: Syntax;
  readonly budget?: CompileBudget;
};

export class Rules {
  readonly syntax: Syntax;
  readonly budget: CompileBudget;
  readonly #prefix: string;
  readonly #bodies = new Map<string, string>();
  readonly #cost = new GrammarCost();
  readonly #patterns = new Map<string, string>();
  #count = 0;

  constructor({ prefix = "", syntax = JSON_SYNTAX, budget }: RulesOptions = {}) {
    this.#prefix = prefix;
    this.syntax = syntax;
    this.budget = budget ?? new CompileBudget();
  }

  /** @returns a name for a rule whose body is set later with `set` */
  reserve(hint: string): string {
    this.#count += 1;
    const word = hint.replace(/[^a-zA-Z0-9]+/g, "-").slice(0, 32) || "rule";
    return `${this.#prefix}${word}-${this.#count}`;
  }

  /** @throws SchemaError if the rules get too large or exceed the budget */
  set(name: string, body: string): void {
    this.budget.spend(1);
    this.budget.spendChars(body.length);
    this.#bodies.set(name, body);
    this.#cost.add(name, body);
    refuseCostly(this.#cost.sizeProblem);
  }

  /** @returns the rule's name */
  add(hint: string, body: string): string {
    const name = this.reserve(hint);
    this.set(name, body);
    return name;
  }

  /** A rule with a fixed name, created at its first use. */
  once(word: string, body: () => string): string {
    const name = this.#prefix + word;
    if (!this.#bodies.has(name)) {
      this.#bodies.set(name, ""); // the body may refer to the rule itself
      this.set(name, body());
    }
    return name;
  }

  /** The rule of a pattern, created at its first use. @param make returns the rule's name */
  ofPattern(pattern: string, make: () => string): string {
    const known = this.#patterns.get(pattern);
    if (known !== undefined) return known;
    const name = make();
    this.#patterns.set(pattern, name);
    return name;
  }

  /** Elements of all rules, with repetitions expanded. */
  get elements(): number {
    return this.#cost.elements;
  }

  /** @throws SchemaError for rules that would stall llama.cpp, however short their schema is */
  refuseCostly(): void {
    refuseCostly(this.#cost.problem);
  }

  get bodies(): ReadonlyMap<string, string> {
    return this.#bodies;
  }

  toString(): string {
    return [...this.#bodies].map(([name, body]) => `${name} ::= ${body}`).join("\n");
  }
}

function refuseCostly(problem: string | null): void {
  if (problem !== null) throw new SchemaError("", `results in a grammar that ${problem}`);
}

/** The GBNF literal for this text. */
export function literal(text: string): string {
  const escaped = [...text].map((char) => {
    if (char === '"' || char === "\\") return `\\${char}`;
    const code = char.codePointAt(0) ?? 0;
    return code < 0x20 || code === 0x7f ? hex(code) : char;
  });
  return `"${escaped.join("")}"`;
}

export type CharRange = readonly [from: number, to: number];

/** One character in these ranges, or outside them if negated; ranges must not be empty. */
export function charClass(ranges: readonly CharRange[], isNegated = false): string {
  const shown = ranges.map(([from, to]) => (from === to ? hex(from) : `${hex(from)}-${hex(to)}`));
  return `[${isNegated ? "^" : ""}${shown.join("")}]`;
}

function hex(code: number): string {
  const digits = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${digits.padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${digits.padStart(4, "0")}`;
  return `\\U${digits.padStart(8, "0")}`;
}

export function oneOf(alternatives: readonly string[]): string {
  const different = [...new Set(alternatives)];
  return different.length === 1 ? (different[0] ?? "") : `( ${different.join(" | ")} )`;
}

/** @param max null for no limit */
export function repeated(item: string, min: number, max: number | null): string {
  if (max === null) return `${exactly(item, min)} ${item}*`.trim();
  return `${exactly(item, min)} ${upTo(item, max - min)}`.trim();
}

function exactly(item: string, count: number): string {
  if (count === 0) return "";
  if (count <= BLOCK) return count === 1 ? item : `${item}{${count}}`;
  const rest = count % BLOCK;
  return `( ${item}{${BLOCK}} ){${Math.floor(count / BLOCK)}} ${exactly(item, rest)}`.trim();
}

/** Whole blocks and a remainder, so any count can be reached in at most two ways. */
function upTo(item: string, count: number): string {
  if (count === 0) return "";
  if (count <= BLOCK) return `${item}{0,${count}}`;
  const blocks = Math.floor(count / BLOCK);
  const fewer = `( ${item}{${BLOCK}} ){0,${blocks - 1}} ${item}{0,${BLOCK - 1}}`;
  const most = `( ${item}{${BLOCK}} ){${blocks}} ${upTo(item, count % BLOCK)}`.trim();
  return `( ${fewer} | ${most} )`;
}
