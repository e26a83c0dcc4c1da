// In how many ways a text can be in the middle of a pattern at once: llama.cpp follows all of them, for every token. Walked
// through as llama.cpp does it, along the text that keeps most of them alive.

/** Characters that are walked, and ways that may be alive after any of them. */
const STEPS = 400;
const MOST_ALIVE = 128;

type Range = readonly [from: number, to: number];

type Node =
  | {
      readonly type: "char";
      readonly id: number;
      readonly isNegated: boolean;
      readonly ranges: readonly Range[];
    }
  | { readonly type: "sequence"; readonly id: number; readonly parts: readonly Node[] }
  | { readonly type: "choice"; readonly id: number; readonly options: readonly Node[] }
  | {
      readonly type: "repeat";
      readonly id: number;
      readonly part: Node;
      readonly min: number;
      readonly max: number;
    }
  | { readonly type: "rule"; readonly id: number; readonly name: string };

/** What is still to come: a node, for a repetition how often it has been there, and what comes after it. */
type Place = {
  readonly key: number;
  readonly node: Node;
  readonly count: number;
  readonly next: Place | null;
};

/** @param bodies of all rules, by their names. @returns why the rule is too much; null when it is not */
export function waysProblem(rule: string, bodies: ReadonlyMap<string, string>): string | null {
  const walk = new Walk(bodies);
  let alive = walk.begin(rule);
  for (let step = 0; step < STEPS && alive.size > 0; step++) {
    if (alive.size > MOST_ALIVE) return `it can be read in more than ${MOST_ALIVE} ways at once`;
    alive = walk.next(alive);
  }
  return null;
}

class Walk {
  readonly #bodies: ReadonlyMap<string, string>;
  readonly #nodes = new Map<string, Node>();
  /** The same place is the same object, and has one key. */
  readonly #places = new Map<string, Place>();
  #ids = 0;

  constructor(bodies: ReadonlyMap<string, string>) {
    this.#bodies = bodies;
  }

  begin(rule: string): Set<Place> {
    const alive = new Set<Place>();
    this.#enter(this.#rule(rule), 0, null, alive, new Set());
    return alive;
  }

  /** After the character that most ways go on with. */
  next(alive: ReadonlySet<Place>): Set<Place> {
    const places = [...alive];
    let best: readonly Place[] = [];
    for (const char of candidates(places)) {
      const goOn = places.filter(({ node }) => matches(node, char));
      if (goOn.length > best.length) best = goOn;
    }
    const after = new Set<Place>();
    const seen = new Set<number>();
    for (const { next } of best) this.#leave(next, after, seen);
    return after;
  }

  #leave(next: Place | null, alive: Set<Place>, seen: Set<number>): void {
    if (!next || seen.has(next.key)) return;
    seen.add(next.key);
    this.#enter(next.node, next.count, next.next, alive, seen);
  }

  /** Adds the characters that may come next. */
  #enter(
    node: Node,
    count: number,
    next: Place | null,
    alive: Set<Place>,
    seen: Set<number>,
  ): void {
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

  #place(node: Node, count: number, next: Place | null): Place {
    const name = `${node.id} ${count} ${next?.key ?? ""}`;
    const known = this.#places.get(name);
    if (known) return known;
    const place = { key: this.#places.size, node, count, next };
    this.#places.set(name, place);
    return place;
  }

  #rule(name: string): Node {
    const known = this.#nodes.get(name);
    if (known) return known;
    const node = new BodyReader(this.#bodies.get(name) ?? "", () => this.#ids++).read();
    this.#nodes.set(name, node);
    return node;
  }
}

function matches(node: Node, char: number): boolean {
  if (node.type !== "char") return false;
  return node.ranges.some(([from, to]) => char >= from && char <= to) !== node.isNegated;
}

/** Characters of which one is in each class that is alive, and in what classes have in common. */
function candidates(places: readonly Place[]): Set<number> {
  const chars = new Set<number>();
  for (const { node } of places) {
    if (node.type !== "char") continue;
    for (const [from, to] of node.ranges) {
      chars.add(from);
      if (node.isNegated) chars.add(from - 1).add(to + 1);
    }
  }
  return chars;
}

const TOKEN =
  /"((?:\\.|[^"\\])*)"|\[(\^?)((?:\\.|[^\]\\])*)\]|[a-zA-Z][\w-]*|\(|\)|\||\*|\+|\?|\{(\d+)(,?)(\d*)\}/g;

/** Reads the body of a rule that was made here. */
class BodyReader {
  readonly #tokens: readonly RegExpMatchArray[];
  readonly #newId: () => number;
  #at = 0;

  constructor(body: string, newId: () => number) {
    this.#tokens = [...body.matchAll(TOKEN)];
    this.#newId = newId;
  }

  read(): Node {
    const options = [this.#sequence()];
    while (this.#token === "|") {
      this.#at += 1;
      options.push(this.#sequence());
    }
    return { type: "choice", id: this.#newId(), options };
  }

  get #token(): string | undefined {
    return this.#tokens[this.#at]?.[0];
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (this.#token !== undefined && this.#token !== "|" && this.#token !== ")") {
      parts.push(this.#repeated(this.#item()));
    }
    return { type: "sequence", id: this.#newId(), parts };
  }

  #item(): Node {
    const [token = "", text, negation, chars] = this.#tokens[this.#at] ?? [];
    this.#at += 1;
    const id = this.#newId();
    if (token === "(") {
      const inner = this.read();
      this.#at += 1; // its )
      return inner;
    }
    if (text !== undefined) {
      const parts = codesOf(text).map((code) => this.#char([[code, code]], false));
      return { type: "sequence", id, parts };
    }
    if (chars !== undefined) return this.#char(rangesOf(chars), negation === "^");
    return { type: "rule", id, name: token };
  }

  #char(ranges: readonly Range[], isNegated: boolean): Node {
    return { type: "char", id: this.#newId(), isNegated, ranges };
  }

  #repeated(part: Node): Node {
    const bounds = boundsOf(this.#tokens[this.#at]);
    if (!bounds) return part;
    this.#at += 1;
    return { type: "repeat", id: this.#newId(), part, ...bounds };
  }
}

function boundsOf(token: RegExpMatchArray | undefined): { min: number; max: number } | null {
  const [text = "", , , , min = "", comma = "", max = ""] = token ?? [];
  const unbounded = Number.POSITIVE_INFINITY;
  if (text === "*") return { min: 0, max: unbounded };
  if (text === "+") return { min: 1, max: unbounded };
  if (text === "?") return { min: 0, max: 1 };
  if (!text.startsWith("{")) return null;
  if (comma === "") return { min: Number(min), max: Number(min) };
  return { min: Number(min), max: max === "" ? unbounded : Number(max) };
}

const ESCAPED = /\\x([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\(.)|(.)/gsu;
const CONTROLS: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09 };

function codesOf(text: string): number[] {
  return [...text.matchAll(ESCAPED)].map(([, x, u, long, escaped, plain]) => {
    const hex = x ?? u ?? long;
    if (hex !== undefined) return Number.parseInt(hex, 16);
    const control = escaped === undefined ? undefined : CONTROLS[escaped];
    return control ?? (escaped ?? plain ?? "").codePointAt(0) ?? 0;
  });
}

/** A dash between two is a range; one that is meant as itself is escaped, or at an end. */
function rangesOf(chars: string): Range[] {
  const items = [...chars.matchAll(ESCAPED)].map(([text]) => text);
  const ranges: Range[] = [];
  for (let index = 0; index < items.length; index++) {
    const [from = 0] = codesOf(items[index] ?? "");
    const isRange = items[index + 1] === "-" && index + 2 < items.length;
    const [to = from] = isRange ? codesOf(items[index + 2] ?? "") : [from];
    ranges.push([from, to]);
    if (isRange) index += 2;
  }
  return ranges;
}
