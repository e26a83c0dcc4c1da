// In how many ways a text can be in the middle of a pattern at once: llama.cpp follows all of them, for every token. Walked
// through as llama.cpp does it, along the text that keeps most of them alive.

import type { CompileBudget } from "./compile-budget.ts";
import { type RuleNode, readBody } from "./rule-nodes.ts";
import { type CharClass, matches, mostShared } from "./shared-char.ts";

/** Characters that are walked, and ways that may be alive after any of them. */
const STEPS = 400;
const MOST_ALIVE = 128;

/** What is still to come: a node, for a repetition how often it has been there, and what comes after it. */
type Place = {
  readonly key: number;
  readonly node: RuleNode;
  readonly count: number;
  readonly next: Place | null;
};

/**
 * @param bodies of all rules, by their names
 * @returns why the rule is too much; null when it is not
 * @throws SchemaError when the budget does not hold the walk
 */
export function waysProblem(
  rule: string,
  bodies: ReadonlyMap<string, string>,
  budget: CompileBudget,
): string | null {
  const walk = new Walk(bodies, budget);
  let alive = walk.begin(rule);
  const states = new Set<string>();
  for (let step = 0; step < STEPS && alive.size > 0; step++) {
    if (alive.size > MOST_ALIVE) return `it can be read in more than ${MOST_ALIVE} ways at once`;
    const state = stateOf(alive);
    if (states.has(state)) return null; // from here on it goes round
    states.add(state);
    alive = walk.next(alive);
  }
  return null;
}

/** Two that are equal go on alike: the order decides between characters that are shared by as many. */
function stateOf(alive: ReadonlySet<Place>): string {
  return [...alive].map(({ key }) => key).join();
}

class Walk {
  readonly #bodies: ReadonlyMap<string, string>;
  readonly #budget: CompileBudget;
  readonly #nodes = new Map<string, RuleNode>();
  /** The same place is the same object, and has one key. */
  readonly #places = new Map<string, Place>();
  #ids = 0;

  constructor(bodies: ReadonlyMap<string, string>, budget: CompileBudget) {
    this.#bodies = bodies;
    this.#budget = budget;
  }

  begin(rule: string): Set<Place> {
    const alive = new Set<Place>();
    this.#enter(this.#rule(rule), 0, null, alive, new Set());
    return alive;
  }

  /** After the character that most ways go on with. */
  next(alive: ReadonlySet<Place>): Set<Place> {
    const ways = new Map<CharClass, number>();
    for (const { node } of alive)
      if (node.type === "char") ways.set(node, (ways.get(node) ?? 0) + 1);
    const char = mostShared(ways, this.#budget);
    const after = new Set<Place>();
    const seen = new Set<number>();
    for (const { node, next } of alive)
      if (node.type === "char" && char !== null && matches(node, char))
        this.#leave(next, after, seen);
    return after;
  }

  #leave(next: Place | null, alive: Set<Place>, seen: Set<number>): void {
    if (!next || seen.has(next.key)) return;
    seen.add(next.key);
    this.#enter(next.node, next.count, next.next, alive, seen);
  }

  /** Adds the characters that may come next. */
  #enter(
    node: RuleNode,
    count: number,
    next: Place | null,
    alive: Set<Place>,
    seen: Set<number>,
  ): void {
    this.#budget.spend(1);
    switch (node.type) {
      case "char":
        alive.add(this.#place(node, 0, next));
        return;
      case "rule":
        return this.#enter(this.#rule(node.name), 0, next, alive, seen);
      case "choice":
        for (const option of node.options) this.#enter(option, 0, next, alive, seen);
        return;
      case "sequence": {
        let rest = next;
        for (const part of node.parts.slice(1).reverse()) rest = this.#place(part, 0, rest);
        const [first] = node.parts;
        if (first) this.#enter(first, 0, rest, alive, seen);
        else this.#leave(next, alive, seen);
        return;
      }
      case "repeat": {
        if (count >= node.min) this.#leave(next, alive, seen);
        if (count >= node.max) return;
        // Without an end, those beyond the minimum are all alike.
        const counted =
          node.max === Number.POSITIVE_INFINITY ? Math.min(count + 1, node.min) : count + 1;
        const again = this.#place(node, counted, next);
        this.#enter(node.part, 0, again, alive, seen);
      }
    }
  }

  #place(node: RuleNode, count: number, next: Place | null): Place {
    this.#budget.spend(1);
    const name = `${node.id} ${count} ${next?.key ?? ""}`;
    const known = this.#places.get(name);
    if (known) return known;
    const place = { key: this.#places.size, node, count, next };
    this.#places.set(name, place);
    return place;
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
