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

export type NodeSize = {
  /** Elements with repetitions expanded. A repeated group counts as a separate rule. */
  readonly elements: number;
  /** Roughly the length of its text. */
  readonly chars: number;
};

export function sizeOf(node: GrammarPart): NodeSize {
  const size = { elements: 0, chars: 0 };
  addSize(node, size);
  return size;
}

/** Adds to one object, because nodes are many. */
function addSize(node: GrammarPart, size: { elements: number; chars: number }): void {
  if (typeof node === "string") {
    size.elements += node.length + 2;
    size.chars += node.length + 3;
    return;
  }
  switch (node.type) {
    case "literal":
      return addSize(node.text, size);
    case "char":
      size.elements += 1;
      size.chars += 3 + RANGE_CHARS * node.ranges.length;
      return;
    case "written":
      size.elements += node.elements;
      size.chars += node.text.length;
      return;
    case "rule":
      size.elements += 1;
      size.chars += node.name.length + 1;
      return;
    case "sequence":
      size.chars += 2 * node.parts.length;
      for (const part of node.parts) addSize(part, size);
      return;
    case "choice":
      size.chars += 2 * node.options.length;
      for (const option of node.options) addSize(option, size);
      return;
    case "repeat": {
      const { elements, chars } = sizeOf(node.part);
      const copies = copiesOf(node);
      size.elements += isGroup(node.part) ? elements + copies : elements * copies;
      size.chars += chars + 3;
    }
  }
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

/** A rule that is measured after the rules it refers to. */
type Entered = {
  readonly name: string;
  readonly body: GrammarNode;
  /** References that are not measured yet. */
  readonly references: string[];
};

/** Counts the ways into the rules of a grammar, also while rules are added. */
export class WaysCounter {
  readonly #rules: ReadonlyMap<string, GrammarNode>;
  readonly #costs = new Map<string, Cost>();
  #mostWays = 0;
  #mostSkips = 0;
  /** Whether a rule that is not measured yet was met: most rules are made after those they refer to. */
  #isMissingRule = false;

  constructor(rules: ReadonlyMap<string, GrammarNode>) {
    this.#rules = rules;
  }

  /**
   * @param names of the new rules; the rules that they refer to are measured too
   * @returns why the ways are too many; null if they are not
   */
  problem(names: Iterable<string>): string | null {
    [this.#mostWays, this.#mostSkips] = [0, 0];
    for (const name of names) this.#measureFrom(name);
    if (this.#mostSkips > MOST_SKIPS)
      return `has more than ${MOST_SKIPS} consecutive parts that may be empty`;
    if (this.#mostWays > MOST_WAYS)
      return `can match a text in more than ${MOST_WAYS} ways at once`;
    return null;
  }

  /** Must be called for a rule that is removed. */
  forget(name: string): void {
    this.#costs.delete(name);
  }

  /** Measures a rule after those it refers to. Not recursive, because rules can form long chains. */
  #measureFrom(name: string): void {
    const entered: Entered[] = [];
    this.#enter(name, entered);
    for (let last = entered.at(-1); last; last = entered.at(-1)) {
      const reference = last.references.pop();
      if (reference !== undefined) this.#enter(reference, entered);
      else {
        this.#costs.set(last.name, this.#measured(last.body));
        entered.pop();
      }
    }
  }

  /** Measures a rule now if all its references are measured, and otherwise adds it to the list. */
  #enter(name: string, entered: Entered[]): void {
    if (this.#costs.has(name)) return;
    this.#costs.set(name, NOTHING); // used where the rule refers to itself
    const body = this.#rules.get(name);
    if (!body) return;
    this.#isMissingRule = false;
    const cost = this.#measured(body);
    if (this.#isMissingRule) entered.push({ name, body, references: referencesOf(body) });
    else this.#costs.set(name, cost);
  }

  #measured(node: GrammarNode): Cost {
    return this.#noted(this.#costOf(node));
  }

  #costOf(node: GrammarNode): Cost {
    switch (node.type) {
      case "literal":
      case "char":
        return ONE;
      case "written":
        return {
          ways: node.ways,
          isNullable: node.isNullable,
          skips: node.isNullable ? 1 : 0,
        };
      case "rule":
        return this.#ofRule(node.name);
      case "sequence":
        return this.#sequence(node.parts);
      case "choice":
        return this.#choice(node.options);
      case "repeat":
        return repeatedCost(this.#measured(node.part), node);
    }
  }

  #ofRule(name: string): Cost {
    const cost = this.#costs.get(name);
    this.#isMissingRule ||= !cost;
    return cost ?? NOTHING;
  }

  #choice(options: readonly GrammarNode[]): Cost {
    let [ways, skips, isNullable] = [0, 0, false];
    for (const option of options) {
      const cost = this.#measured(option);
      ways += cost.ways;
      skips = Math.max(skips, cost.skips);
      isNullable ||= cost.isNullable;
    }
    return { ways, isNullable, skips };
  }

  /** From the back: the number of ways into the rest at each position. */
  #sequence(parts: readonly GrammarNode[]): Cost {
    let [ways, skips, isNullable] = [0, 0, true];
    for (let index = parts.length - 1; index >= 0; index--) {
      const part = parts[index];
      if (!part) continue;
      const cost = this.#measured(part);
      ways = cost.ways + (cost.isNullable ? ways : 0);
      skips = cost.isNullable ? cost.skips + skips : 0;
      isNullable &&= cost.isNullable;
      this.#mostWays = Math.max(this.#mostWays, ways);
      this.#mostSkips = Math.max(this.#mostSkips, skips);
    }
    return { ways, isNullable, skips };
  }

  #noted(cost: Cost): Cost {
    this.#mostWays = Math.max(this.#mostWays, cost.ways);
    this.#mostSkips = Math.max(this.#mostSkips, cost.skips);
    return cost;
  }
}

/** The rules that the node refers to. */
function referencesOf(node: GrammarNode, found: string[] = []): string[] {
  if (node.type === "rule") found.push(node.name);
  else if (node.type === "sequence") for (const part of node.parts) referencesOf(part, found);
  else if (node.type === "choice") for (const option of node.options) referencesOf(option, found);
  else if (node.type === "repeat") referencesOf(node.part, found);
  return found;
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
