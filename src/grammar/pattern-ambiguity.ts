// Counts in how many ways a text can match the middle of a pattern at once. llama.cpp follows all of them for every token.
// The pattern is walked the way llama.cpp does it, along the text that keeps the most ways alive.

import type { CharRange } from "./char-ranges.ts";
import type { CompileBudget } from "./compile-budget.ts";
import { charClass, type GrammarNode, UNBOUNDED } from "./nodes.ts";

/** Characters to walk, and the limit on ways alive after any of them. */
const STEPS = 400;
const MOST_ALIVE = 128;

/** A possible continuation: a node, the number of repetitions done if it is a repetition, and what follows it. */
type Continuation = {
  readonly key: number;
  readonly node: GrammarNode;
  readonly count: number;
  readonly next: Continuation | null;
};

/**
 * @param rule reference to the rule to check
 * @param bodies bodies of all rules, by name
 * @returns why the rule is too ambiguous; null if it is not
 * @throws SchemaError if the walk exceeds the budget
 */
export function ambiguityProblem(
  rule: GrammarNode,
  bodies: ReadonlyMap<string, GrammarNode>,
  budget: CompileBudget,
): string | null {
  const walk = new Walk(rule, bodies, budget);
  const states = new Set<string>();
  for (let step = 0; step < STEPS && walk.alive.size > 0; step++) {
    if (walk.alive.size > MOST_ALIVE)
      return `it can match a text in more than ${MOST_ALIVE} ways at once`;
    const state = stateOf(walk.alive);
    if (states.has(state)) return null; // the walk has entered a cycle
    states.add(state);
    walk.step();
  }
  return null;
}

/** Equal states continue equally. Order matters: it decides between characters shared by equally many ways. */
function stateOf(alive: ReadonlySet<Continuation>): string {
  return [...alive].map(({ key }) => key).join();
}

class Walk {
  readonly #bodies: ReadonlyMap<string, GrammarNode>;
  readonly #budget: CompileBudget;
  /** Equal continuations are the same object and share one key. */
  readonly #continuations = new Map<string, Continuation>();
  readonly #ids = new Map<GrammarNode, number>();
  /** The characters of each literal. */
  readonly #chars = new Map<GrammarNode, readonly GrammarNode[]>();

  /** Where the walk is: character classes that may come next. */
  alive = new Set<Continuation>();
  /** Keys of the continuations that this step has entered. */
  #entered = new Set<number>();

  constructor(rule: GrammarNode, bodies: ReadonlyMap<string, GrammarNode>, budget: CompileBudget) {
    this.#bodies = bodies;
    this.#budget = budget;
    this.#enter(rule, 0, null);
  }

  /** Goes on by the character that the most ways accept. */
  step(): void {
    const before = this.alive;
    this.alive = new Set();
    this.#entered = new Set();
    const ways = new Map<readonly CharRange[], number>();
    for (const { node } of before) ways.set(rangesOf(node), (ways.get(rangesOf(node)) ?? 0) + 1);
    const char = mostSharedChar(ways, this.#budget);
    for (const { node, next } of before)
      if (rangesOf(node).some(([from, to]) => char >= from && char <= to)) this.#leave(next);
  }

  #leave(next: Continuation | null): void {
    if (!next || this.#entered.has(next.key)) return;
    this.#entered.add(next.key);
    this.#enter(next.node, next.count, next.next);
  }

  /** Adds the character classes that may come next. */
  #enter(node: GrammarNode, count: number, next: Continuation | null): void {
    this.#budget.spend(1);
    switch (node.type) {
      case "char":
        this.alive.add(this.#continuation(node, 0, next));
        return;
      case "rule": {
        const body = this.#bodies.get(node.name);
        if (body) this.#enter(body, 0, next);
        return;
      }
      case "choice":
        for (const option of node.options) this.#enter(option, 0, next);
        return;
      case "literal":
        return this.#enterFirst(this.#charsOf(node, node.text), next);
      case "sequence":
        return this.#enterFirst(node.parts, next);
      case "repeat": {
        if (count >= node.min) this.#leave(next);
        if (count >= node.max) return;
        // Without an upper limit, all counts beyond the minimum are equivalent.
        const counted = node.max === UNBOUNDED ? Math.min(count + 1, node.min) : count + 1;
        this.#enter(node.part, 0, this.#continuation(node, counted, next));
      }
    }
  }

  #enterFirst([first, ...others]: readonly GrammarNode[], next: Continuation | null): void {
    if (!first) return this.#leave(next);
    const rest = others.reduceRight((after, part) => this.#continuation(part, 0, after), next);
    this.#enter(first, 0, rest);
  }

  #continuation(node: GrammarNode, count: number, next: Continuation | null): Continuation {
    this.#budget.spend(1);
    const id = this.#ids.get(node) ?? this.#ids.size;
    this.#ids.set(node, id);
    const name = `${id} ${count} ${next?.key ?? ""}`;
    const known = this.#continuations.get(name);
    if (known) return known;
    const continuation = { key: this.#continuations.size, node, count, next };
    this.#continuations.set(name, continuation);
    return continuation;
  }

  #charsOf(literal: GrammarNode, text: string): readonly GrammarNode[] {
    const known = this.#chars.get(literal);
    if (known) return known;
    this.#budget.spend(text.length);
    const codes = [...text].map((char) => char.codePointAt(0) ?? 0);
    const chars = codes.map((code) => charClass([[code, code]]));
    this.#chars.set(literal, chars);
    return chars;
  }
}

function rangesOf(node: GrammarNode): readonly CharRange[] {
  return node.type === "char" ? node.ranges : [];
}

/**
 * The first character that the most ways accept; -1 if there is none. The order matters: ways further on in the pattern come
 * first, and lead the walk there. Each intersection of classes has the start of a range in it.
 * @param ways their number for each class of characters
 */
function mostSharedChar(
  ways: ReadonlyMap<readonly CharRange[], number>,
  budget: CompileBudget,
): number {
  const changes = new Map<number, number>();
  const change = (char: number, by: number) => changes.set(char, (changes.get(char) ?? 0) + by);
  for (const [ranges, count] of ways) {
    budget.spend(1 + ranges.length);
    for (const [from, to] of ranges) {
      change(from, count);
      change(to + 1, -count);
    }
  }
  let sum = 0;
  for (const char of [...changes.keys()].sort((a, b) => a - b)) {
    sum += changes.get(char) ?? 0;
    changes.set(char, sum);
  }
  let best = { char: -1, shared: 0 };
  for (const [char] of [...ways.keys()].flat()) {
    const shared = changes.get(char) ?? 0;
    if (shared > best.shared) best = { char, shared };
  }
  return best.char;
}
