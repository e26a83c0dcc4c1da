// Reads a GBNF grammar and checks whether a text matches it: the tests check Sluice's grammars with it.

export type GbnfNode =
  | { readonly type: "text"; readonly text: string }
  | {
      readonly type: "class";
      readonly isNegated: boolean;
      readonly ranges: readonly (readonly [number, number])[];
    }
  | { readonly type: "rule"; readonly name: string }
  | { readonly type: "sequence"; readonly parts: readonly GbnfNode[] }
  | { readonly type: "choice"; readonly options: readonly GbnfNode[] }
  | {
      readonly type: "repeat";
      readonly part: GbnfNode;
      readonly min: number;
      readonly max: number;
    };

export class Gbnf {
  readonly #rules = new Map<string, GbnfNode>();

  constructor(grammar: string) {
    for (const line of grammar.split("\n")) {
      const [name = "", body = ""] = line.split(" ::= ", 2);
      const rest = line.slice(name.length + 5);
      if (body !== "" || rest !== "") this.#rules.set(name, new BodyParser(rest).parse());
    }
  }

  /** The body of a rule. */
  rule(name: string): GbnfNode {
    const rule = this.#rules.get(name);
    if (!rule) throw new Error(`no rule ${name}`);
    return rule;
  }

  matches(text: string): boolean {
    const root: GbnfNode = { type: "rule", name: "root" };
    return new Match(text, (name) => this.rule(name)).ends(root, 0).includes(text.length);
  }
}

const NOWHERE: readonly number[] = [];

/** One text beside a grammar. */
class Match {
  readonly #text: string;
  readonly #rule: (name: string) => GbnfNode;
  /** Of each rule, the ends from each position where it was tried: many ways lead to the same place. */
  readonly #known = new Map<string, Map<number, readonly number[]>>();

  constructor(text: string, rule: (name: string) => GbnfNode) {
    this.#text = text;
    this.#rule = rule;
  }

  /** All positions where a match of the node from `at` may end, each once. */
  ends(node: GbnfNode, at: number): readonly number[] {
    switch (node.type) {
      case "text":
        return this.#text.startsWith(node.text, at) ? [at + node.text.length] : NOWHERE;
      case "class": {
        const code = this.#text.codePointAt(at);
        if (code === undefined) return NOWHERE;
        const isIn = node.ranges.some(([from, to]) => code >= from && code <= to);
        return isIn === node.isNegated ? NOWHERE : [at + (code > 0xffff ? 2 : 1)];
      }
      case "rule":
        return this.#ruleEnds(node.name, at);
      case "choice": {
        let ends = NOWHERE;
        for (const option of node.options) ends = union(ends, this.ends(option, at));
        return ends;
      }
      case "sequence": {
        let ends: readonly number[] = [at];
        for (const part of node.parts) {
          ends = this.#from(part, ends);
          if (ends.length === 0) return ends;
        }
        return ends;
      }
      case "repeat":
        return this.#repeat(node, at);
    }
  }

  #ruleEnds(name: string, at: number): readonly number[] {
    const known = this.#known.get(name) ?? new Map<number, readonly number[]>();
    this.#known.set(name, known);
    const ends = known.get(at) ?? this.ends(this.#rule(name), at);
    known.set(at, ends);
    return ends;
  }

  #from(node: GbnfNode, starts: readonly number[]): readonly number[] {
    let ends = NOWHERE;
    for (const start of starts) ends = union(ends, this.ends(node, start));
    return ends;
  }

  #repeat(node: Extract<GbnfNode, { type: "repeat" }>, at: number): readonly number[] {
    let ends: readonly number[] = [at];
    let all = node.min === 0 ? ends : NOWHERE;
    for (let count = 1; count <= node.max && ends.length > 0; count++) {
      ends = this.#from(node.part, ends);
      if (count < node.min) continue;
      const more = union(all, ends);
      if (more.length === all.length) break;
      all = more;
    }
    return all;
  }
}

function union(one: readonly number[], other: readonly number[]): readonly number[] {
  if (one.length === 0) return other;
  const added = other.filter((end) => !one.includes(end));
  return added.length === 0 ? one : [...one, ...added];
}

class BodyParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): GbnfNode {
    const node = this.#choice();
    if (this.#at < this.#text.length)
      throw new Error(`rest of a rule: ${this.#text.slice(this.#at)}`);
    return node;
  }

  #choice(): GbnfNode {
    const options = [this.#sequence()];
    while (this.#take("|")) options.push(this.#sequence());
    return { type: "choice", options };
  }

  #sequence(): GbnfNode {
    const parts: GbnfNode[] = [];
    for (;;) {
      this.#skipSpace();
      const char = this.#text[this.#at];
      if (char === undefined || char === "|" || char === ")") return { type: "sequence", parts };
      parts.push(this.#repeated(this.#item()));
    }
  }

  #item(): GbnfNode {
    if (this.#take("(")) {
      const inner = this.#choice();
      if (!this.#take(")")) throw new Error("no )");
      return inner;
    }
    if (this.#text[this.#at] === '"') return this.#literal();
    if (this.#text[this.#at] === "[") return this.#class();
    const name = /^[a-zA-Z0-9-]+/.exec(this.#text.slice(this.#at))?.[0];
    if (!name) throw new Error(`not an item: ${this.#text.slice(this.#at)}`);
    this.#at += name.length;
    return { type: "rule", name };
  }

  #repeated(part: GbnfNode): GbnfNode {
    const found = /^(\*|\+|\?|\{(\d+)(,(\d*))?\})/.exec(this.#text.slice(this.#at));
    if (!found) return part;
    this.#at += found[0].length;
    if (found[0] === "*") return { type: "repeat", part, min: 0, max: Infinity };
    if (found[0] === "+") return { type: "repeat", part, min: 1, max: Infinity };
    if (found[0] === "?") return { type: "repeat", part, min: 0, max: 1 };
    const min = Number(found[2]);
    const max = found[3] === undefined ? min : found[4] === "" ? Infinity : Number(found[4]);
    return { type: "repeat", part, min, max };
  }

  #literal(): GbnfNode {
    this.#at += 1;
    let text = "";
    while (this.#text[this.#at] !== '"') text += String.fromCodePoint(this.#char());
    this.#at += 1;
    return { type: "text", text };
  }

  #class(): GbnfNode {
    this.#at += 1;
    const isNegated = this.#text[this.#at] === "^";
    if (isNegated) this.#at += 1;
    const ranges: [number, number][] = [];
    while (this.#text[this.#at] !== "]") {
      const from = this.#char();
      if (this.#text[this.#at] === "-" && this.#text[this.#at + 1] !== "]") {
        this.#at += 1;
        ranges.push([from, this.#char()]);
      } else ranges.push([from, from]);
    }
    this.#at += 1;
    return { type: "class", isNegated, ranges };
  }

  #char(): number {
    const code = this.#text.codePointAt(this.#at) ?? 0;
    this.#at += code > 0xffff ? 2 : 1;
    if (code !== 0x5c) return code;
    const kind = this.#text[this.#at] ?? "";
    this.#at += 1;
    const digits = { x: 2, u: 4, U: 8 }[kind];
    if (digits) {
      const value = Number.parseInt(this.#text.slice(this.#at, this.#at + digits), 16);
      this.#at += digits;
      return value;
    }
    const control = { n: 10, r: 13, t: 9 }[kind];
    if (control === undefined && !/["\\[\]]/.test(kind)) throw new Error(`escape \\${kind}`);
    return control ?? kind.codePointAt(0) ?? 0;
  }

  #skipSpace(): void {
    while (this.#text[this.#at] === " ") this.#at += 1;
  }

  #take(char: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }
}
