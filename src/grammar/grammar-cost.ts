// What a grammar that was made here costs llama.cpp: it follows every way to read a text at once, and writes every
// repetition out. Elements are counted as rules are added, the rest on the finished rules, so that nothing gets by.

/** Ways to go on at one place. Each is tried for every token; the time grows with their square at least. */
const MOST_WAYS = 2_000;
/** Parts in a row that may be empty: a reader may be in any of them, and go on to any later one. */
const MOST_SKIPS = 32;
/** Of all rules together, with repetitions written out: about 100 bytes of memory each. */
const MOST_ELEMENTS = 80_000;
const UNBOUNDED = Number.POSITIVE_INFINITY;

type Cost = {
  /** Ways to begin: paths to something that reads a character, counted as often as they are there. */
  readonly ways: number;
  readonly isNullable: boolean;
  /** Of one that may be empty: parts in a row within that may be, itself included. */
  readonly skips: number;
};

const NOTHING: Cost = { ways: 0, isNullable: false, skips: 0 };
const ONE: Cost = { ways: 1, isNullable: false, skips: 0 };

const TOKEN =
  /"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|[a-zA-Z][\w-]*|\(|\)|\||\*|\+|\?|\{(\d+)(,?)(\d*)\}/g;

/** @returns why the grammar is too much; null when it is not */
export function grammarProblem(grammar: string): string | null {
  const cost = new GrammarCost();
  for (const line of grammar.split("\n")) {
    const at = line.indexOf(" ::= ");
    if (at > 0) cost.add(line.slice(0, at), line.slice(at + 5));
    if (cost.sizeProblem !== null) break;
  }
  return cost.problem;
}

/** @param elements of all rules together. @returns why they are too many; null when they are not */
export function sizeProblem(elements: number): string | null {
  return elements > MOST_ELEMENTS ? `is of more than ${MOST_ELEMENTS} parts, written out` : null;
}

type Tokens = readonly string[];

/** Takes rules one by one. */
export class GrammarCost {
  readonly #bodies = new Map<string, Tokens>();
  #elements = 0;

  add(name: string, body: string): void {
    const tokens = body.match(TOKEN) ?? [];
    this.#bodies.set(name, tokens);
    this.#elements += elementsOf(tokens, 0).elements;
  }

  /** Of all rules, written out. */
  get elements(): number {
    return this.#elements;
  }

  /** Why there may be no further rules; null when there may. */
  get sizeProblem(): string | null {
    return sizeProblem(this.#elements);
  }

  /** Why the rules are too much; null when they are not. */
  get problem(): string | null {
    if (this.sizeProblem !== null) return this.sizeProblem;
    const counter = new WaysCounter(this.#bodies);
    if (counter.mostSkips > MOST_SKIPS)
      return `has more than ${MOST_SKIPS} parts in a row that may be empty`;
    if (counter.mostWays > MOST_WAYS) return `can be read in more than ${MOST_WAYS} ways at once`;
    return null;
  }
}

/** Written out, up to the end or the parenthesis that closes it; a group in parentheses is a rule of its own. */
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
  /** At any place of any rule. */
  mostWays = 0;
  mostSkips = 0;

  constructor(bodies: ReadonlyMap<string, Tokens>) {
    this.#bodies = bodies;
    for (const name of bodies.keys()) this.#rule(name);
  }

  #rule(name: string): Cost {
    const known = this.#costs.get(name);
    if (known) return known;
    this.#costs.set(name, NOTHING); // where it refers to itself
    const tokens = this.#bodies.get(name) ?? [];
    const { cost } = this.#choice(tokens, 0);
    this.#costs.set(name, cost);
    return cost;
  }

  /** Up to the end, or the parenthesis that closes it. */
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
    // From the back: at each place, the ways into what comes next.
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

/** Null for a token that repeats nothing. */
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
    // What may be empty can be skipped any number of times.
    ways: isNullable ? ways * copies : ways,
    isNullable: isNullable || bounds.min === 0,
    skips: Math.max(1, isNullable ? skips * copies : skips),
  };
}
