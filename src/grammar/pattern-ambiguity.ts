// Counts in how many ways a text can match the middle of a pattern at once. llama.cpp follows all of them for every token.
// The pattern is walked the way llama.cpp does it, along the text that keeps the most ways alive.

import type { CompileBudget } from "./compile-budget.ts";
import { type RuleNode, readBody } from "./rule-nodes.ts";
import { type CharClass, matches, mostSharedChar } from "./shared-char.ts";

/** Characters to walk, and the limit on ways alive after any of them. */
const STEPS = 400;
const MOST_ALIVE = 128;

/** A possible continuation: a node, the number of repetitions done if it is a repetition, and what follows it. */
type Continuation = {
  readonly key: number;
  readonly node: RuleNode;
  readonly count: number;
  readonly next: Continuation | null;
};

/**
 * @param bodies bodies of all rules, by name
 * @returns why the rule is too ambiguous; null if it is not
 * @throws SchemaError if the walk exceeds the budget
 */
export function ambiguityProblem(
  rule: string,
  bodies: ReadonlyMap<string, string>,
  budget: CompileBudget,
): string | null {
  const walk = new Walk(bodies, budget);
  let alive = walk.begin(rule);
  const states = new Set<string>();
  for (let step = 0; step < STEPS && alive.size > 0; step++) {
    if (alive.size > MOST_ALIVE)
      return `it can match a text in more than ${MOST_ALIVE} ways at once`;
    const state = stateOf(alive);
    if (states.has(state)) return null; // the walk has entered a cycle
    states.add(state);
    alive = walk.next(alive);
  }
  return null;
}

/** Equal states continue equally. Order matters: it decides between characters shared by equally many ways. */
function stateOf(alive: ReadonlySet<Continuation>): string {
  return [...alive].map(({ key }) => key).join();
}

class Walk {
  readonly #bodies: ReadonlyMap<string, string>;
  readonly #budget: CompileBudget;
  readonly #nodes = new Map<string, RuleNode>();
  /** Equal continuations are the same object and share one key. */
  readonly #continuations = new Map<string, Continuation>();
  #ids = 0;

  constructor(bodies: ReadonlyMap<string, string>, budget: CompileBudget) {
    this.#bodies = bodies;
    this.#budget = budget;
  }

  begin(rule: string): Set<Continuation> {
    const alive = new Set<Continuation>();
    this.#enter(this.#rule(rule), 0, null, alive, new Set());
    return alive;
  }

  /** The continuations after the character that the most ways accept. */
  next(alive: ReadonlySet<Continuation>): Set<Continuation> {
    const ways = new Map<CharClass, number>();
    for (const { node } of alive)
      if (node.type === "char") ways.set(node, (ways.get(node) ?? 0) + 1);
    const char = mostSharedChar(ways, this.#budget);
    const after = new Set<Continuation>();
    const seen = new Set<number>();
    for (const { node, next } of alive)
      if (node.type === "char" && char !== null && matches(node, char))
        this.#leave(next, after, seen);
    return after;
  }

  #leave(next: Continuation | null, alive: Set<Continuation>, seen: Set<number>): void {
    if (!next || seen.has(next.key)) return;
    seen.add(next.key);
    this.#enter(next.node, next.count, next.next, alive, seen);
  }

  /** Adds the character classes that may come next. */
  #enter(
    node: RuleNode,
    count: number,
    next: Continuation | null,
    alive: Set<Continuation>,
    seen: Set<number>,
  ): void {
    this.#budget.spend(1);
    switch (node.type) {
      case "char":
        alive.add(this.#continuation(node, 0, next));
        return;
      case "rule":
        return this.#enter(this.#rule(node.name), 0, next, alive, seen);
      case "choice":
        for (const option of node.options) this.#enter(option, 0, next, alive, seen);
        return;
      case "sequence": {
        let rest = next;
        for (const part of node.parts.slice(1).reverse()) rest = this.#continuation(part, 0, rest);
        const [first] = node.parts;
        if (first) this.#enter(first, 0, rest, alive, seen);
        else this.#leave(next, alive, seen);
        return;
      }
      case "repeat": {
        if (count >= node.min) this.#leave(next, alive, seen);
        if (count >= node.max) return;
        // Without an upper limit, all counts beyond the minimum are equivalent.
        const counted =
          node.max === Number.POSITIVE_INFINITY ? Math.min(count + 1, node.min) : count + 1;
        const again = this.#continuation(node, counted, next);
        this.#enter(node.part, 0, again, alive, seen);
      }
    }
  }

  #continuation(node: RuleNode, count: number, next: Continuation | null): Continuation {
    this.#budget.spend(1);
    const name = `${node.id} ${count} ${next?.key ?? ""}`;
    const known = this.#continuations.get(name);
    if (known) return known;
    const continuation = { key: this.#continuations.size, node, count, next };
    this.#continuations.set(name, continuation);
    return continuation;
  }

  #rule(name: string): RuleNode {
    const known = this.#nodes.get(name);
    if (known) return known;
    const body = this.#bodies.get(name) ?? "";
    this.#budget.spend(body.length);
    const node = readBody(body, () => this.#ids++);
    this.#nodes.set(name, node);
    return node;
  }
}
