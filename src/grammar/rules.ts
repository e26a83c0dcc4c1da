// The named rules of one grammar, while a schema is compiled.

import { JSON_SYNTAX, type Syntax } from "../generation/syntax.ts";
import { CompileBudget } from "./compile-budget.ts";
import { sizeOf, sizeProblem, WaysCounter } from "./grammar-cost.ts";
import { type GrammarNode, type GrammarPart, gbnf, rule, sequence } from "./nodes.ts";
import { SchemaError } from "./schema-keywords.ts";
import { Languages } from "./text/language.ts";

export type RulesOptions = {
  /** Prefix of all rule names, so that several grammars can be joined. */
  readonly prefix?: string;
  readonly syntax?: Syntax;
  readonly budget?: CompileBudget;
};

export class Rules {
  readonly syntax: Syntax;
  readonly budget: CompileBudget;
  /** For the texts of strings and of member names. */
  readonly languages: Languages;
  readonly #prefix: string;
  readonly #bodies = new Map<string, GrammarNode>();
  readonly #shared = new Map<unknown, GrammarNode | null>();
  #elements = 0;
  #count = 0;
  readonly #ways = new WaysCounter(this.#bodies);
  /** Rules whose ways are not counted yet. */
  #uncounted: string[] = [];

  constructor({ prefix = "", syntax = JSON_SYNTAX, budget }: RulesOptions = {}) {
    this.#prefix = prefix;
    this.syntax = syntax;
    this.budget = budget ?? new CompileBudget();
    this.languages = new Languages(this.budget);
  }

  /** @returns a name for a rule whose body is set later with `set` */
  reserve(hint: string): string {
    this.#count += 1;
    const word = hint.replace(/[^a-zA-Z0-9]+/g, "-").slice(0, 32) || "rule";
    return `${this.#prefix}${word}-${this.#count}`;
  }

  /** @throws SchemaError if the rules get too large or exceed the budget */
  set(name: string, part: GrammarPart): void {
    const body = sequence(part);
    this.budget.spend(1);
    const { chars, elements } = sizeOf(body);
    this.budget.spendChars(chars);
    this.#bodies.set(name, body);
    this.#uncounted.push(name);
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

  /**
   * Copies the rules of another grammar, once.
   * @param word begins their names
   * @returns a reference to its rule `root`
   */
  include(word: string, source: Rules): GrammarNode {
    const renamed = (name: string) => `${this.#prefix}${word}-${name}`;
    const start = renamed("root");
    if (this.#bodies.has(start)) return rule(start);
    for (const [name, body] of source.bodies) this.set(renamed(name), withNames(body, renamed));
    return rule(start);
  }

  /**
   * The node that `make` returned at the first use of the key, so that equal parts of schemas share their rules.
   * @param key determines the node and its type
   */
  shared<T extends GrammarNode | null>(key: unknown, make: () => T): T {
    const known = this.#shared.get(key);
    if (known !== undefined) return known as T; // the key determines the type
    const node = make();
    this.#shared.set(key, node);
    return node;
  }

  /** Runs work that adds rules. If it fails, its rules are removed: they may refer to rules that were never added. */
  attempt<T>(work: () => T): T {
    const [bodies, shared, elements] = [this.#bodies.size, this.#shared.size, this.#elements];
    try {
      return work();
    } catch (error) {
      for (const name of [...this.#bodies.keys()].slice(bodies)) {
        this.#bodies.delete(name);
        this.#ways.forget(name);
      }
      for (const key of [...this.#shared.keys()].slice(shared)) this.#shared.delete(key);
      this.#uncounted = [];
      this.#elements = elements;
      throw error;
    }
  }

  /** Elements of all rules, with repetitions expanded. */
  get elements(): number {
    return this.#elements;
  }

  /** @throws SchemaError for rules that would stall llama.cpp, however short their schema is */
  refuseCostly(): void {
    const names = this.#uncounted;
    this.#uncounted = [];
    refuse(this.#ways.problem(names));
  }

  get bodies(): ReadonlyMap<string, GrammarNode> {
    return this.#bodies;
  }

  /** All rules in GBNF, one per line. */
  toString(): string {
    return [...this.#bodies].map(([name, body]) => `${name} ::= ${gbnf(body)}`).join("\n");
  }
}

/** The node with other names of rules. */
function withNames(node: GrammarNode, renamed: (name: string) => string): GrammarNode {
  switch (node.type) {
    case "literal":
    case "char":
    case "written":
      return node;
    case "rule":
      return rule(renamed(node.name));
    case "sequence":
      return { type: "sequence", parts: node.parts.map((part) => withNames(part, renamed)) };
    case "choice":
      return { type: "choice", options: node.options.map((each) => withNames(each, renamed)) };
    case "repeat":
      return { ...node, part: withNames(node.part, renamed) };
  }
}

function refuse(problem: string | null): void {
  if (problem !== null) throw new SchemaError("", `results in a grammar that ${problem}`);
}
