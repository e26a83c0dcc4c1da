// Building blocks of GBNF, the grammars that llama.cpp samples by: literals, repetitions, and named rules.
// Format: https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md

import { CompileBudget } from "./compile-budget.ts";
import { GrammarCost } from "./grammar-cost.ts";
import { SchemaError } from "./schema-keywords.ts";
import { JSON_SYNTAX, type Syntax } from "./syntax.ts";

/** llama.cpp writes every repetition out: longer ones are made of blocks. */
const BLOCK = 64;

export type RulesOptions = {
  /** Begins the names of all rules, so that several grammars can be joined. */
  readonly prefix?: string;
  /** How values are written; JSON if it is not said. */
  readonly syntax?: Syntax;
  /** What all this may cost. */
  readonly budget?: CompileBudget;
};

/** Rules by name. */
export class Rules {
  readonly syntax: Syntax;
  readonly budget: CompileBudget;
  readonly #prefix: string;
  readonly #bodies = new Map<string, string>();
  readonly #cost = new GrammarCost();
  /** Names of the rules of patterns. */
  readonly #patterns = new Map<string, string>();
  #count = 0;

  constructor({ prefix = "", syntax = JSON_SYNTAX, budget }: RulesOptions = {}) {
    this.#prefix = prefix;
    this.syntax = syntax;
    this.budget = budget ?? new CompileBudget();
  }

  /** @returns a name for a rule whose body comes later, by `set` */
  reserve(hint: string): string {
    this.#count += 1;
    const word = hint.replace(/[^a-zA-Z0-9]+/g, "-").slice(0, 32) || "rule";
    return `${this.#prefix}${word}-${this.#count}`;
  }

  /** @throws SchemaError when the rules are too many, or the budget does not hold this one */
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

  /** A rule under a fixed name, made at its first use. */
  once(word: string, body: () => string): string {
    const name = this.#prefix + word;
    if (!this.#bodies.has(name)) {
      this.#bodies.set(name, ""); // it may refer to itself
      this.set(name, body());
    }
    return name;
  }

  /** The rule of a pattern, made at its first use. @param make returns the rule's name */
  ofPattern(pattern: string, make: () => string): string {
    const known = this.#patterns.get(pattern);
    if (known !== undefined) return known;
    const name = make();
    this.#patterns.set(pattern, name);
    return name;
  }

  /** Of all rules, written out. */
  get elements(): number {
    return this.#cost.elements;
  }

  /** @throws SchemaError for rules that would keep llama.cpp busy, however short their schema is */
  refuseCostly(): void {
    refuseCostly(this.#cost.problem);
  }

  /** Of all rules, by their names. */
  get bodies(): ReadonlyMap<string, string> {
    return this.#bodies;
  }

  /** All rules, one a line. */
  toString(): string {
    return [...this.#bodies].map(([name, body]) => `${name} ::= ${body}`).join("\n");
  }
}

function refuseCostly(problem: string | null): void {
  if (problem !== null) throw new SchemaError("", `makes a grammar that ${problem}`);
}

/** A rule's text for exactly this text. */
export function literal(text: string): string {
  const escaped = [...text].map((char) => {
    if (char === '"' || char === "\\") return `\\${char}`;
    const code = char.codePointAt(0) ?? 0;
    return code < 0x20 || code === 0x7f ? hex(code) : char;
  });
  return `"${escaped.join("")}"`;
}

export type CharRange = readonly [from: number, to: number];

/** One character of these code points, or of all others; the ranges must not be empty. */
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

/** `max` null: without end. */
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

/** Whole blocks, and a rest: any count has one way to be reached, or two. */
function upTo(item: string, count: number): string {
  if (count === 0) return "";
  if (count <= BLOCK) return `${item}{0,${count}}`;
  const blocks = Math.floor(count / BLOCK);
  const fewer = `( ${item}{${BLOCK}} ){0,${blocks - 1}} ${item}{0,${BLOCK - 1}}`;
  const most = `( ${item}{${BLOCK}} ){${blocks}} ${upTo(item, count % BLOCK)}`.trim();
  return `( ${fewer} | ${most} )`;
}
