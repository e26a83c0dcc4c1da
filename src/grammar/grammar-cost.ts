// Measures what a generated grammar costs llama.cpp, which follows every way to read a text at once and expands every
// repetition. Elements are counted while rules are added; the rest is measured on the finished rules, so nothing escapes the
// check.

/** Limit on ways to continue at one position. Each is tried for every token, and the time grows at least quadratically. */
const MOST_WAYS = 2_000;
/** Limit on consecutive optional parts: the parser may be in any of them and skip to any later one. */
const MOST_SKIPS = 32;
/** Limit on elements of all rules, with repetitions expanded. Each takes about 100 bytes. */
const MOST_ELEMENTS = 80_000;
const UNBOUNDED = Number.POSITIVE_INFINITY;

type Cost = {
  /** Paths to an element that reads a character. A path that exists several times counts as often. */
  readonly ways: number;
  readonly isNullable: boolean;
  /** For an optional part: consecutive optional parts in it, including itself. */
  readonly skips: number;
};

const NOTHING: Cost = { ways: 0, isNullable: false, skips: 0 };
const ONE: Cost = { ways: 1, isNullable: false, skips: 0 };

const TOKEN =
  /"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|[a-zA-Z][\w-]*|\(|\)|\||\*|\+|\?|\{(\d+)(,?)(\d*)\}/g;

/** @returns why the grammar is too costly; null if it is not */
export function grammarProblem(grammar: string): string | null {
  const cost = new GrammarCost();
  for (const line of grammar.split("\n")) {
    const at = line.indexOf(" ::= ");
    if (at > 0) cost.add(line.slice(0, at), line.slice(at + 5));
    if (cost.sizeProblem !== null) break;
  }
  return cost.problem;
}

/**
 * @param elements number of elements of all rules
 * @returns why they are too many; null if they are not
 */
export function sizeProblem(elements: number): string | null {
  return elements > MOST_ELEMENTS
    ? `has more than ${MOST_ELEMENTS} parts with its repetitions expanded`
    : null;
}

type Tokens = readonly string[];

export class GrammarCost {
  readonly #bodies = new Map<string, Tokens>();
  #elements = 0;

  add(name: string, body: string): void {
    const tokens = body.match(TOKEN) ?? [];
    this.#bodies.set(name, tokens);
    this.#elements += elementsOf(tokens, 0).elements;
  }

  get elements(): number {
    return this.#elements;
  }

  /** Why no further rules can be added; null if they can. */
  get sizeProblem(): string | null {
    return sizeProblem(this.#elements);
  }

  /** Why the rules are too costly; null if they are not. */
  get problem(): string | null {
    if (this.sizeProblem !== null) return this.sizeProblem;
    const counter = new WaysCounter(this.#bodies);
    if (counter.mostSkips > MOST_SKIPS)
      return `has more than ${MOST_SKIPS} consecutive parts that may be empty`;
    if (counter.mostWays > MOST_WAYS)
      return `can match a text in more than ${MOST_WAYS} ways at once`;
    return null;
  }
}

/** Counts expanded elements up to the end or the closing parenthesis. A group in parentheses counts as a separate rule. */
function elementsOf(tokens: Tokens, from: number): { elements: number; at: number } {
  let elements = 0;
  let at = from;
  while (at < tokens.length && tokens[at] !== ")") {
    const text = tokens[at] ?? "";
    at += 1;
    if (text === "|") continue;
    const isGroup = text === "(";
    const inner = isGroup ? elementsOf(tokens, at) : null;
    if (inner) at = inner.at + 1;
    const once = inner?.elements ?? (text.startsWith('"') ? text.length : 1);
    const bounds = boundsOf(tokens[at]);
    if (bounds) at += 1;
    const copies = bounds ? copiesOf(bounds) : 1;
    elements += isGroup && bounds ? once + copies : once * copies;
  }
  return { elements, at };
}

class WaysCounter {
  readonly #bodies: ReadonlyMap<string, Tokens>;
  readonly #costs = new Map<string, Cost>();
  mostWays = 0;
  mostSkips = 0;

  constructor(bodies: ReadonlyMap<string, Tokens>) {
    this.#bodies = bodies;
    for (const name of bodies.keys()) this.#rule(name);
  }

  #rule(name: string): Cost {
    const known = this.#costs.get(name);
    if (known) return known;
    this.#costs.set(name, NOTHING); // used where the rule refers to itself
    const tokens = this.#bodies.get(name) ?? [];
    const { cost } = this.#choice(tokens, 0);
    this.#costs.set(name, cost);
    return cost;
  }

  #choice(tokens: Tokens, from: number): { cost: Cost; at: number } {
    let cost = NOTHING;
    let at = from;
    for (;;) {
      const sequence = this.#sequence(tokens, at);
      cost = {
        ways: cost.ways + sequence.cost.ways,
        isNullable: cost.isNullable || sequence.cost.isNullable,
        skips: Math.max(cost.skips, sequence.cost.skips),
      };
      at = sequence.at;
      if (tokens[at] !== "|") return { cost, at };
      at += 1;
    }
  }

  #sequence(tokens: Tokens, from: number): { cost: Cost; at: number } {
    const items: Cost[] = [];
    let at = from;
    while (at < tokens.length && tokens[at] !== "|" && tokens[at] !== ")") {
      const item = this.#item(tokens, at);
      items.push(item.cost);
      at = item.at;
    }
    let ways = 0;
    let skips = 0;
    let isNullable = true;
    // From the back: the number of ways into the rest at each position.
    for (const item of items.reverse()) {
      ways = item.ways + (item.isNullable ? ways : 0);
      skips = item.isNullable ? skips + item.skips : 0;
      isNullable &&= item.isNullable;
      this.mostWays = Math.max(this.mostWays, ways);
      this.mostSkips = Math.max(this.mostSkips, skips);
    }
    return { cost: { ways, isNullable, skips }, at };
  }

  #item(tokens: Tokens, from: number): { cost: Cost; at: number } {
    const text = tokens[from] ?? "";
    let at = from + 1;
    let cost = ONE;
    if (text === "(") {
      const inner = this.#choice(tokens, at);
      cost = inner.cost;
      at = inner.at + 1;
    } else if (!text.startsWith('"') && !text.startsWith("[")) cost = this.#rule(text);
    const bounds = boundsOf(tokens[at]);
    return bounds ? { cost: repeated(cost, bounds), at: at + 1 } : { cost, at };
  }
}

type Bounds = { readonly min: number; readonly max: number };
const COUNTS = /^\{(\d+)(,?)(\d*)\}$/;

/** Null for a token that is no repetition. */
function boundsOf(token = ""): Bounds | null {
  if (token === "*") return { min: 0, max: UNBOUNDED };
  if (token === "+") return { min: 1, max: UNBOUNDED };
  if (token === "?") return { min: 0, max: 1 };
  const [, min = "", comma = "", max = ""] = COUNTS.exec(token) ?? [];
  if (min === "") return null;
  if (comma === "") return { min: Number(min), max: Number(min) };
  return { min: Number(min), max: max === "" ? UNBOUNDED : Number(max) };
}

function copiesOf({ min, max }: Bounds): number {
  return max === UNBOUNDED ? Math.max(min, 1) + 1 : max;
}

function repeated({ ways, isNullable, skips }: Cost, bounds: Bounds): Cost {
  const copies = copiesOf(bounds);
  return {
    // An optional item can be skipped any number of times.
    ways: isNullable ? ways * copies : ways,
    isNullable: isNullable || bounds.min === 0,
    skips: Math.max(1, isNullable ? skips * copies : skips),
  };
}
