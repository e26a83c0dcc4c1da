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
  readonly #bodies: ReadonlyMap<string, GrammarNode>;
  readonly #budget: CompileBudget;
  /** Equal continuations are the same object and share one key. */
  readonly #continuations = new Map<string, Continuation>();
  readonly #ids = new Map<GrammarNode, number>();
  /** The characters of each literal. */
  readonly #chars = new Map<GrammarNode, readonly GrammarNode[]>();

  constructor(bodies: ReadonlyMap<string, GrammarNode>, budget: CompileBudget) {
    this.#bodies = bodies;
    this.#budget = budget;
  }

  begin(rule: GrammarNode): Set<Continuation> {
    const alive = new Set<Continuation>();
    this.#enter(rule, 0, null, alive, new Set());
    return alive;
  }

  /** The continuations after the character that the most ways accept. */
  next(alive: ReadonlySet<Continuation>): Set<Continuation> {
    const ways = new Map<readonly CharRange[], number>();
    for (const { node } of alive) ways.set(rangesOf(node), (ways.get(rangesOf(node)) ?? 0) + 1);
    const char = mostSharedChar(ways, this.#budget);
    const after = new Set<Continuation>();
    const seen = new Set<number>();
    for (const { node, next } of alive)
      if (rangesOf(node).some(([from, to]) => char >= from && char <= to))
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
    node: GrammarNode,
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
      case "rule": {
        const body = this.#bodies.get(node.name);
        if (body) this.#enter(body, 0, next, alive, seen);
        return;
      }
      case "choice":
        for (const option of node.options) this.#enter(option, 0, next, alive, seen);
        return;
      case "literal":
        return this.#enterFirst(this.#charsOf(node, node.text), next, alive, seen);
      case "sequence":
        return this.#enterFirst(node.parts, next, alive, seen);
      case "repeat": {
        if (count >= node.min) this.#leave(next, alive, seen);
        if (count >= node.max) return;
        // Without an upper limit, all counts beyond the minimum are equivalent.
        const counted = node.max === UNBOUNDED ? Math.min(count + 1, node.min) : count + 1;
        const again = this.#continuation(node, counted, next);
        this.#enter(node.part, 0, again, alive, seen);
      }
    }
  }

  #enterFirst(
    parts: readonly GrammarNode[],
    next: Continuation | null,
    alive: Set<Continuation>,
    seen: Set<number>,
  ): void {
    const [first, ...others] = parts;
    if (!first) return this.#leave(next, alive, seen);
    let rest = next;
    for (const part of others.reverse()) rest = this.#continuation(part, 0, rest);
    this.#enter(first, 0, rest, alive, seen);
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
