// Reads a regular expression into grammar nodes. Supports everything that needs no lookahead or lookbehind: literals, classes,
// groups, alternatives and repetitions.

import { type CharRange, complement, without } from "./char-ranges.ts";
import { sizeOf } from "./grammar-cost.ts";
import {
  charClass,
  choice,
  type GrammarNode,
  type GrammarPart,
  oneOf,
  repeated,
  sequence,
  UNBOUNDED,
} from "./nodes.ts";
import type { Rules } from "./rules.ts";

export class PatternError extends Error {}

/** A model that may repeat without limit often does. */
const MOST_REPEATS = 65_536;
/** Nested repetitions can match in many ways, and llama.cpp follows all of them at once. */
const MOST_NESTED_REPEATS = 100;
const DIGITS: readonly CharRange[] = [[0x30, 0x39]];
const WORD: readonly CharRange[] = [[0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]]; // biome-ignore format: a table
const SPACE: readonly CharRange[] = [[0x09, 0x0a], [0x0d, 0x0d], [0x20, 0x20]]; // biome-ignore format: a table
const CLASSES: Readonly<Record<string, readonly CharRange[]>> = {
  d: DIGITS,
  w: WORD,
  s: SPACE,
  D: complement(DIGITS),
  W: complement(WORD),
  S: complement(SPACE),
};
const CONTROLS: Readonly<Record<string, number>> = {
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
  f: 0x0c,
  v: 0x0b,
  "0": 0,
};
/** Characters with a short escape in JSON. */
const ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x22, '\\"'],
  [0x5c, "\\\\"],
  [0x08, "\\b"],
  [0x09, "\\t"],
  [0x0a, "\\n"],
  [0x0c, "\\f"],
  [0x0d, "\\r"],
]);

/** Characters that cannot be written, or not without an escape: in plain text, and in JSON. */
const SURROGATES: readonly CharRange[] = [[0xd800, 0xdfff]];
const ESCAPED: readonly CharRange[] = [[0, 0x1f], [0x22, 0x22], [0x5c, 0x5c], [0x7f, 0x7f], [0xd800, 0xdfff]]; // biome-ignore format: a table

/** The node of one of our own expressions, over plain text and without limits. */
export function regExpNode(pattern: string): GrammarNode {
  return new PatternParser(pattern, null).parse();
}

export class PatternParser {
  readonly #chars: readonly string[];
  readonly #rules: Rules | null;
  /** Whether the text is written as in JSON. */
  readonly #isEscaped: boolean;
  #at = 0;
  /** How often the last part may be repeated, including repetitions of repetitions. */
  #nested = 1;
  /** Whether the pattern has alternatives outside any group. */
  hasAlternatives = false;

  /** @param rules get the parts of a client's pattern, and have its syntax and budget; null for an expression of ours */
  constructor(pattern: string, rules: Rules | null) {
    this.#chars = [...pattern];
    this.#rules = rules;
    this.#isEscaped = rules?.syntax.hasEscapes ?? false;
  }

  /** @throws PatternError */
  parse(): GrammarNode {
    const options = this.#alternatives();
    this.hasAlternatives = options.length > 1;
    if (this.#at < this.#chars.length) throw new PatternError("it has an unmatched )");
    return oneOf(options);
  }

  #alternatives(): readonly GrammarNode[] {
    const all = [this.#sequence()];
    while (this.#take("|")) all.push(this.#sequence());
    return all;
  }

  #sequence(): GrammarNode {
    const parts: GrammarNode[] = [];
    while (this.#at < this.#chars.length && !this.#sees("|") && !this.#sees(")")) {
      parts.push(this.#quantified());
    }
    return sequence(...parts);
  }

  #quantified(): GrammarNode {
    const [before, start] = [this.#nested, this.#at];
    this.#nested = 1;
    const atom = this.#atom();
    const bounds = this.#bounds();
    const { min, max } = bounds ?? { min: 1, max: 1 };
    const most = this.#nested * (max === UNBOUNDED ? Math.max(1, min) : max);
    if (this.#rules && this.#nested > 1 && most > MOST_NESTED_REPEATS) {
      const text = this.#chars.slice(start, this.#at).join("");
      throw new PatternError(`${text} repeats more than ${MOST_NESTED_REPEATS} times in total`);
    }
    this.#nested = Math.max(before, most);
    if (!bounds) return atom;
    this.#take("?"); // lazy and greedy quantifiers match the same texts
    return repeated(this.#rules?.add("part", atom) ?? atom, min, max);
  }

  #bounds(): { readonly min: number; readonly max: number } | null {
    if (this.#take("*")) return { min: 0, max: UNBOUNDED };
    if (this.#take("+")) return { min: 1, max: UNBOUNDED };
    if (this.#take("?")) return { min: 0, max: 1 };
    const found = /^\{(\d+)(,(\d*))?\}/.exec(this.#chars.slice(this.#at, this.#at + 16).join(""));
    if (!found) return null;
    this.#at += found[0].length;
    const min = Number(found[1]);
    const max = found[2] === undefined ? min : found[3] === "" ? UNBOUNDED : Number(found[3]);
    const most = max === UNBOUNDED ? min : max;
    if (most > MOST_REPEATS || max < min) {
      throw new PatternError(`${found[0]} must be a range within 0 to ${MOST_REPEATS}`);
    }
    return { min, max };
  }

  #atom(): GrammarNode {
    const char = this.#next();
    switch (char) {
      case "(":
        return this.#group();
      case "[":
        return this.#class();
      case ".":
        return this.#anyOf(complement([[0x0a, 0x0a], [0x0d, 0x0d]])); // biome-ignore format: a table
      case "\\":
        return this.#escape();
      case "^":
      case "$":
        throw new PatternError(`${char} is only supported at the ends`);
      case "*":
      case "+":
      case "?":
        throw new PatternError(`${char} has nothing to repeat`);
      default:
        return this.#exactly(char.codePointAt(0) ?? 0);
    }
  }

  #group(): GrammarNode {
    if (this.#take("?")) {
      const kind = this.#next();
      if (kind === "<" && !this.#sees("=") && !this.#sees("!")) {
        while (this.#next() !== ">"); // the group name is not needed
      } else if (kind !== ":") throw new PatternError(`(?${kind} is not supported`);
    }
    const body = oneOf(this.#alternatives());
    this.#rules?.budget.spendChars(sizeOf(body).chars); // the groups around it measure it again
    if (!this.#take(")")) throw new PatternError("it has an unclosed (");
    return body;
  }

  #escape(): GrammarNode {
    const char = this.#next();
    const ranges = CLASSES[char];
    return ranges ? this.#anyOf(ranges) : this.#exactly(this.#escapedCode(char));
  }

  #escapedCode(char: string): number {
    const control = CONTROLS[char];
    if (control !== undefined) return control;
    if (char === "x") return this.#hex(2);
    if (char === "u") return this.#hex(4);
    if (/[a-zA-Z1-9]/.test(char)) throw new PatternError(`\\${char} is not supported`);
    return char.codePointAt(0) ?? 0;
  }

  #hex(digits: number): number {
    const text = Array.from({ length: digits }, () => this.#next()).join("");
    if (!/^[0-9a-fA-F]+$/.test(text))
      throw new PatternError(`\\u or \\x needs hexadecimal digits, not ${text}`);
    return Number.parseInt(text, 16);
  }

  #class(): GrammarNode {
    const isNegated = this.#take("^");
    const ranges: CharRange[] = [];
    while (!this.#take("]")) {
      const from = this.#classItem();
      if (typeof from !== "number") ranges.push(...from);
      else if (this.#sees("-") && this.#chars[this.#at + 1] !== "]") {
        this.#next();
        const to = this.#classItem();
        if (typeof to !== "number" || to < from)
          throw new PatternError("it has an invalid range in a character class");
        ranges.push([from, to]);
      } else ranges.push([from, from]);
    }
    return this.#anyOf(isNegated ? complement(ranges) : ranges);
  }

  #classItem(): number | readonly CharRange[] {
    const char = this.#next();
    if (char !== "\\") return char.codePointAt(0) ?? 0;
    const escaped = this.#next();
    if (escaped === "b") return 0x08;
    return CLASSES[escaped] ?? this.#escapedCode(escaped);
  }

  #exactly(code: number): GrammarNode {
    const escaped = this.#isEscaped ? ESCAPES.get(code) : undefined;
    if (this.#isEscaped && !escaped && code < 0x20)
      throw new PatternError(`control character ${code} is not supported`);
    return sequence(escaped ?? String.fromCodePoint(code));
  }

  /** One character of the ranges. Characters that cannot be written are left out. */
  #anyOf(ranges: readonly CharRange[]): GrammarNode {
    const plain = without(ranges, this.#isEscaped ? ESCAPED : SURROGATES);
    const escapes = this.#isEscaped ? [...ESCAPES] : [];
    const parts: GrammarPart[] = plain.length > 0 ? [charClass(plain)] : [];
    for (const [code, escaped] of escapes)
      if (ranges.some(([from, to]) => code >= from && code <= to)) parts.push(escaped);
    if (parts.length === 0) throw new PatternError("it has a character class that matches nothing");
    return choice(...parts);
  }

  #sees(char: string): boolean {
    return this.#chars[this.#at] === char;
  }

  #take(char: string): boolean {
    if (!this.#sees(char)) return false;
    this.#at += 1;
    return true;
  }

  #next(): string {
    const char = this.#chars[this.#at];
    if (char === undefined) throw new PatternError("it ends too early");
    this.#at += 1;
    return char;
  }
}
