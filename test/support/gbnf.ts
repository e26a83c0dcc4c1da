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
    return this.#ends({ type: "rule", name: "root" }, [...text], 0).has([...text].length);
  }

  /** All positions where a match of the node from `at` may end. */
  #ends(node: GbnfNode, text: readonly string[], at: number): Set<number> {
    switch (node.type) {
      case "text": {
        const wanted = [...node.text];
        return wanted.every((char, i) => text[at + i] === char)
          ? new Set([at + wanted.length])
          : new Set();
      }
      case "class": {
        const code = text[at]?.codePointAt(0);
        if (code === undefined) return new Set();
        const isIn = node.ranges.some(([from, to]) => code >= from && code <= to);
        return isIn === node.isNegated ? new Set() : new Set([at + 1]);
      }
      case "rule":
        return this.#ends(this.rule(node.name), text, at);
      case "choice":
        return new Set(node.options.flatMap((option) => [...this.#ends(option, text, at)]));
      case "sequence": {
        let ends = new Set([at]);
        for (const part of node.parts) ends = this.#from(part, text, ends);
        return ends;
      }
      case "repeat":
        return this.#repeat(node, text, at);
    }
  }

  #from(node: GbnfNode, text: readonly string[], starts: ReadonlySet<number>): Set<number> {
    return new Set([...starts].flatMap((start) => [...this.#ends(node, text, start)]));
  }

  #repeat(
    node: Extract<GbnfNode, { type: "repeat" }>,
    text: readonly string[],
    at: number,
  ): Set<number> {
    let ends = new Set([at]);
    const all = new Set(node.min === 0 ? [at] : []);
    for (let count = 1; count <= node.max && ends.size > 0; count++) {
      const next = this.#from(node.part, text, ends);
      const isNew = [...next].some((end) => !all.has(end));
      if (count >= node.min) for (const end of next) all.add(end);
      if (count >= node.min && !isNew) break;
      ends = next;
    }
    return all;
  }
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
