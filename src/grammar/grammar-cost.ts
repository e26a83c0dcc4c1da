// What a grammar that was made here costs llama.cpp: it follows every way to read a text at once, and writes every
// repetition out. Counted on the finished rules, so that nothing gets by.

/** Ways to go on at one place. Each is tried for every token; the time grows with their square at least. */
const MOST_WAYS = 2_000;
/** Parts in a row that may be empty: a reader may be in any of them, and go on to any later one. */
const MOST_SKIPS = 32;
/** Of all rules together, with repetitions written out: about 100 bytes of memory each. */
const MOST_ELEMENTS = 200_000;
const UNBOUNDED = Number.POSITIVE_INFINITY;

type Cost = {
  /** Ways to begin: paths to something that reads a character, counted as often as they are there. */
  readonly ways: number;
  readonly isNullable: boolean;
  /** Of one that may be empty: parts in a row within that may be, itself included. */
  readonly skips: number;
  /** Written out; a group in parentheses is a rule of its own. */
  readonly elements: number;
};

const NOTHING: Cost = { ways: 0, isNullable: true, skips: 0, elements: 0 };
const ONE: Cost = { ways: 1, isNullable: false, skips: 0, elements: 1 };

const TOKEN =
  /"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|[a-zA-Z][\w-]*|\(|\)|\||\*|\+|\?|\{(\d+)(,?)(\d*)\}/g;

/** @returns why the grammar is too much; null when it is not */
export function grammarProblem(grammar: string): string | null {
  const counter = new CostCounter(grammar);
  const elements = counter.elements;
  if (counter.mostSkips > MOST_SKIPS)
    return `has more than ${MOST_SKIPS} parts in a row that may be empty`;
  if (counter.mostWays > MOST_WAYS) return `can be read in more than ${MOST_WAYS} ways at once`;
  if (elements > MOST_ELEMENTS) return `is of more than ${MOST_ELEMENTS} parts, written out`;
  return null;
}

class CostCounter {
  readonly #bodies = new Map<string, RegExpMatchArray[]>();
  readonly #costs = new Map<string, Cost>();
  /** At any place of any rule. */
  mostWays = 0;
  mostSkips = 0;
  elements = 0;

  constructor(grammar: string) {
    for (const line of grammar.split("\n")) {
      const at = line.indexOf(" ::= ");
      if (at > 0) this.#bodies.set(line.slice(0, at), [...line.slice(at + 5).matchAll(TOKEN)]);
    }
    for (const name of this.#bodies.keys()) this.elements += this.#rule(name).elements;
  }

  #rule(name: string): Cost {
    const known = this.#costs.get(name);
    if (known) return known;
    this.#costs.set(name, { ...NOTHING, isNullable: false }); // where it refers to itself
    const tokens = this.#bodies.get(name) ?? [];
    const { cost } = this.#choice(tokens, 0);
    this.#costs.set(name, cost);
    return cost;
  }

  /** Up to the end, or the parenthesis that closes it. */
  #choice(tokens: readonly RegExpMatchArray[], from: number): { cost: Cost; at: number } {
    let cost: Cost = { ...NOTHING, isNullable: false };
    let at = from;
    for (;;) {
      const sequence = this.#sequence(tokens, at);
      cost = {
        ways: cost.ways + sequence.cost.ways,
        isNullable: cost.isNullable || sequence.cost.isNullable,
        skips: Math.max(cost.skips, sequence.cost.skips),
        elements: cost.elements + sequence.cost.elements,
      };
      at = sequence.at;
      if (tokens[at]?.[0] !== "|") return { cost, at };
      at += 1;
    }
  }

  #sequence(tokens: readonly RegExpMatchArray[], from: number): { cost: Cost; at: number } {
    const items: Cost[] = [];
    let at = from;
    while (at < tokens.length && tokens[at]?.[0] !== "|" && tokens[at]?.[0] !== ")") {
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
    const elements = items.reduce((sum, item) => sum + item.elements, 0);
    return { cost: { ways, isNullable, skips, elements }, at };
  }

  #item(tokens: readonly RegExpMatchArray[], from: number): { cost: Cost; at: number } {
    const [text = ""] = tokens[from] ?? [];
    let at = from + 1;
    let cost: Cost;
    let isGroup = false;
    if (text === "(") {
      const inner = this.#choice(tokens, at);
      cost = inner.cost;
      at = inner.at + 1;
      isGroup = true;
    } else if (text.startsWith('"')) {
      cost = { ...ONE, elements: text.length };
    } else if (text.startsWith("[")) cost = ONE;
    else cost = { ...this.#rule(text), elements: 1 };
    const [min, max] = boundsOf(tokens[at]);
    if (min === 1 && max === 1) return { cost, at };
    return { cost: repeated(cost, { min, max, isGroup }), at: at + 1 };
  }
}

function boundsOf(token: RegExpMatchArray | undefined): readonly [min: number, max: number] {
  const [text = "", min = "", comma = "", max = ""] = token ?? [];
  if (text === "*") return [0, UNBOUNDED];
  if (text === "+") return [1, UNBOUNDED];
  if (text === "?") return [0, 1];
  if (!text.startsWith("{")) return [1, 1];
  if (comma === "") return [Number(min), Number(min)];
  return [Number(min), max === "" ? UNBOUNDED : Number(max)];
}

type Bounds = { readonly min: number; readonly max: number; readonly isGroup: boolean };

function repeated(
  { ways, isNullable, skips, elements }: Cost,
  { min, max, isGroup }: Bounds,
): Cost {
  const copies = max === UNBOUNDED ? Math.max(min, 1) + 1 : max;
  return {
    // What may be empty can be skipped any number of times.
    ways: isNullable ? ways * copies : ways,
    isNullable: isNullable || min === 0,
    skips: Math.max(1, isNullable ? skips * copies : skips),
    elements: isGroup ? elements + copies : elements * copies,
  };
}
