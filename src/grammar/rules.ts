// The named rules of one grammar, while a schema is compiled.

import { JSON_SYNTAX, type Syntax } from "../generation/syntax.ts";
import { CompileBudget } from "./compile-budget.ts";
import { costProblem, sizeOf, sizeProblem } from "./grammar-cost.ts";
import { type GrammarNode, type GrammarPart, gbnf, rule, sequence } from "./nodes.ts";
import { SchemaError } from "./schema-keywords.ts";

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
  readonly #bodies = new Map<string, GrammarNode>();
  readonly #shared = new Map<string, GrammarNode>();
  #elements = 0;
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
  set(name: string, given: GrammarPart): void {
    const body = sequence(given);
    this.budget.spend(1);
    const { chars, elements } = sizeOf(body);
    this.budget.spendChars(chars);
    this.#bodies.set(name, body);
    this.#elements += elements;
    refuse(sizeProblem(this.#elements));
  }

  /** @returns a reference to the rule */
  add(hint: string, body: GrammarPart): GrammarNode {
    const name = this.reserve(hint);
    this.set(name, body);
    return rule(name);
  }

  /** A rule with a fixed name, created at its first use. */
  once(word: string, body: () => GrammarPart): GrammarNode {
    const name = this.#prefix + word;
    if (!this.#bodies.has(name)) {
      this.#bodies.set(name, sequence()); // the body may refer to the rule itself
      this.set(name, body());
    }
    return rule(name);
  }

  /** The rule of values that schemas describe in the same words, created at its first use. */
  shared(kind: "pattern" | "number", words: string, make: () => GrammarNode): GrammarNode {
    const key = `${kind} ${words}`;
    const known = this.#shared.get(key) ?? make();
    this.#shared.set(key, known);
    return known;
  }

  /** Elements of all rules, with repetitions expanded. */
  get elements(): number {
    return this.#elements;
  }

  /** @throws SchemaError for rules that would stall llama.cpp, however short their schema is */
  refuseCostly(): void {
    refuse(costProblem(this.#bodies));
  }

  get bodies(): ReadonlyMap<string, GrammarNode> {
    return this.#bodies;
  }

  /** All rules in GBNF, one per line. */
  toString(): string {
    return [...this.#bodies].map(([name, body]) => `${name} ::= ${gbnf(body)}`).join("\n");
  }
}

function refuse(problem: string | null): void {
  if (problem !== null) throw new SchemaError("", `results in a grammar that ${problem}`);
}
