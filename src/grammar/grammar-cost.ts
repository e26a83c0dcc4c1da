// Measures what a generated grammar costs llama.cpp, which follows every way to read a text at once and expands every
// repetition. Elements are counted while rules are added; the rest is measured on the finished rules, so nothing escapes the
// check.

import { type GrammarNode, type GrammarPart, isGroup, UNBOUNDED } from "./nodes.ts";

/** Limit on ways to continue at one position. Each is tried for every token, and the time grows at least quadratically. */
const MOST_WAYS = 2_000;
/** Limit on consecutive optional parts: the parser may be in any of them and skip to any later one. */
const MOST_SKIPS = 32;
/** Limit on elements of all rules, with repetitions expanded. Each takes about 100 bytes. */
const MOST_ELEMENTS = 80_000;
/** Length of a range of characters as text. */
const RANGE_CHARS = 8;

/**
 * @param elements number of elements of all rules
 * @returns why they are too many; null if they are not
 */
export function sizeProblem(elements: number): string | null {
  return elements > MOST_ELEMENTS
    ? `has more than ${MOST_ELEMENTS} parts with its repetitions expanded`
    : null;
}

/** @returns why the ways to read a text are too many; null if they are not */
export function costProblem(rules: ReadonlyMap<string, GrammarNode>): string | null {
  const counter = new WaysCounter(rules);
  if (counter.mostSkips > MOST_SKIPS)
    return `has more than ${MOST_SKIPS} consecutive parts that may be empty`;
  if (counter.mostWays > MOST_WAYS)
    return `can match a text in more than ${MOST_WAYS} ways at once`;
  return null;
}

export type NodeSize = {
  /** Elements with repetitions expanded. A repeated group counts as a separate rule. */
  readonly elements: number;
  /** Roughly the length of its text. */
  readonly chars: number;
};

export function sizeOf(node: GrammarPart): NodeSize {
  if (typeof node === "string") return { elements: node.length + 2, chars: node.length + 3 };
  switch (node.type) {
    case "literal":
      return sizeOf(node.text);
    case "char":
      return { elements: 1, chars: 3 + RANGE_CHARS * node.ranges.length };
    case "rule":
      return { elements: 1, chars: node.name.length + 1 };
    case "sequence":
      return sumOf(node.parts);
    case "choice":
      return sumOf(node.options);
    case "repeat": {
      const { elements, chars } = sizeOf(node.part);
      const copies = copiesOf(node);
      const expanded = isGroup(node.part) ? elements + copies : elements * copies;
      return { elements: expanded, chars: chars + 3 };
    }
  }
}

function sumOf(nodes: readonly GrammarNode[]): NodeSize {
  let [elements, chars] = [0, 2 * nodes.length];
  for (const node of nodes) {
    const size = sizeOf(node);
    elements += size.elements;
    chars += size.chars;
  }
  return { elements, chars };
}

type Cost = {
  /** Paths to an element that reads a character. A path that exists several times counts as often. */
  readonly ways: number;
  readonly isNullable: boolean;
  /** For an optional part: consecutive optional parts in it, including itself. */
  readonly skips: number;
};

const NOTHING: Cost = { ways: 0, isNullable: false, skips: 0 };
const ONE: Cost = { ways: 1, isNullable: false, skips: 0 };

class WaysCounter {
  readonly #rules: ReadonlyMap<string, GrammarNode>;
  readonly #costs = new Map<string, Cost>();
  mostWays = 0;
  mostSkips = 0;

  constructor(rules: ReadonlyMap<string, GrammarNode>) {
    this.#rules = rules;
    for (const name of rules.keys()) this.#rule(name);
  }

  #rule(name: string): Cost {
    const known = this.#costs.get(name);
    if (known) return known;
    this.#costs.set(name, NOTHING); // used where the rule refers to itself
    const body = this.#rules.get(name);
    const cost = body ? this.#measured(body) : NOTHING;
    this.#costs.set(name, cost);
    return cost;
  }

  #measured(node: GrammarNode): Cost {
    return this.#noted(this.#costOf(node));
  }

  #costOf(node: GrammarNode): Cost {
    switch (node.type) {
      case "literal":
      case "char":
        return ONE;
      case "rule":
        return this.#rule(node.name);
      case "sequence":
        return this.#sequence(node.parts);
      case "choice":
        return node.options.map((option) => this.#measured(option)).reduce(either, NOTHING);
      case "repeat":
        return repeatedCost(this.#measured(node.part), node);
    }
  }

  /** From the back: the number of ways into the rest at each position. */
  #sequence(parts: readonly GrammarNode[]): Cost {
    let rest: Cost = { ways: 0, isNullable: true, skips: 0 };
    for (const part of parts.toReversed()) {
      const { ways, isNullable, skips } = this.#measured(part);
      rest = this.#noted({
        ways: ways + (isNullable ? rest.ways : 0),
        isNullable: isNullable && rest.isNullable,
        skips: isNullable ? skips + rest.skips : 0,
      });
    }
    return rest;
  }

  #noted(cost: Cost): Cost {
    this.mostWays = Math.max(this.mostWays, cost.ways);
    this.mostSkips = Math.max(this.mostSkips, cost.skips);
    return cost;
  }
}

function either(a: Cost, b: Cost): Cost {
  return {
    ways: a.ways + b.ways,
    isNullable: a.isNullable || b.isNullable,
    skips: Math.max(a.skips, b.skips),
  };
}

type Bounds = { readonly min: number; readonly max: number };

function copiesOf({ min, max }: Bounds): number {
  return max === UNBOUNDED ? Math.max(min, 1) + 1 : max;
}

function repeatedCost({ ways, isNullable, skips }: Cost, bounds: Bounds): Cost {
  const copies = copiesOf(bounds);
  return {
    // An optional item can be skipped any number of times.
    ways: isNullable ? ways * copies : ways,
    isNullable: isNullable || bounds.min === 0,
    skips: Math.max(1, isNullable ? skips * copies : skips),
  };
}
