// A regular expression as GBNF for the text inside a JSON string. Supports everything that needs no lookahead or lookbehind:
// literals, classes, groups, alternatives, repetitions, and anchors at the ends.

import { ambiguityProblem } from "./pattern-ambiguity.ts";
import { type CharRange, charClass, literal, oneOf, type Rules, repeated } from "./rules.ts";
import type { Syntax } from "./syntax.ts";

export class PatternError extends Error {}

const LONGEST = 2_000;
/** Budget units per character of a pattern. */
const UNITS_PER_CHAR = 4;
/** A model that may repeat without limit often does. */
const MOST_REPEATS = 65_536;
/** Nested repetitions can match in many ways, and llama.cpp follows all of them at once. */
const MOST_NESTED_REPEATS = 100;
const LAST = 0x10ffff;
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
/** Characters that JSON escapes. */
const ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x22, '\\"'],
  [0x5c, "\\\\"],
  [0x08, "\\b"],
  [0x09, "\\t"],
  [0x0a, "\\n"],
  [0x0c, "\\f"],
  [0x0d, "\\r"],
]);

/**
 * @param anyChar rule of a character outside the anchors
 * @returns the expression, without the quotes around the string
 * @throws PatternError
 */
export function patternRule(pattern: string, rules: Rules, anyChar: string): string {
  return rules.ofPattern(pattern, () => newRule(pattern, rules, anyChar));
}

function newRule(pattern: string, rules: Rules, anyChar: string): string {
  if (pattern.length > LONGEST) throw new PatternError(`it has more than ${LONGEST} characters`);
  const { budget, syntax } = rules;
  budget.spend(pattern.length * UNITS_PER_CHAR);
  const isOpenAtStart = !pattern.startsWith("^");
  const isOpenAtEnd = !/(^|[^\\])(\\\\)*\$$/.test(pattern);
  const inner = pattern.slice(isOpenAtStart ? 0 : 1, isOpenAtEnd ? undefined : -1);
  const parser = new PatternParser(inner, rules);
  const body = parser.parse();
  if (parser.hasAlternatives && !(isOpenAtStart && isOpenAtEnd)) {
    throw new PatternError(
      "it has an anchor and | at the top level; put the alternatives in a group",
    );
  }
  const around = (isOpen: boolean) => (isOpen ? `${anyChar}*` : "");
  const whole = `${around(isOpenAtStart)} ${body} ${around(isOpenAtEnd)}`.trim();
  const rule = rules.add("pattern", whole);
  const problem = budget.problemOf(`${syntax.quote}${pattern}`, () =>
    ambiguityProblem(rule, rules.bodies, budget),
  );
  if (problem) throw new PatternError(problem);
  return rule;
}

class PatternParser {
  readonly #chars: readonly string[];
  readonly #rules: Rules;
  #at = 0;
  /** How often the last part may be repeated, including repetitions of repetitions. */
  #nested = 1;
  /** Whether the pattern has alternatives outside any group. */
  hasAlternatives = false;

  constructor(pattern: string, rules: Rules) {
    this.#chars = [...pattern];
    this.#rules = rules;
  }

  parse(): string {
    const { body, count } = this.#alternatives();
    this.hasAlternatives = count > 1;
    if (this.#at < this.#chars.length) throw new PatternError("it has an unmatched )");
    return body;
  }

  #alternatives(): { readonly body: string; readonly count: number } {
    const all = [this.#sequence()];
    while (this.#take("|")) all.push(this.#sequence());
    const parts = all.map((each) => each || '""');
    return { body: oneOf(parts), count: parts.length };
  }

  #sequence(): string {
    const parts: string[] = [];
    while (this.#at < this.#chars.length && !this.#sees("|") && !this.#sees(")")) {
      parts.push(this.#quantified());
    }
    return parts.join(" ");
  }

  #quantified(): string {
    const [before, start] = [this.#nested, this.#at];
    this.#nested = 1;
    const atom = this.#atom();
    const bounds = this.#bounds();
    const most = this.#nested * (bounds?.max ?? Math.max(1, bounds?.min ?? 1));
    if (this.#nested > 1 && most > MOST_NESTED_REPEATS) {
      const text = this.#chars.slice(start, this.#at).join("");
      throw new PatternError(`${text} repeats more than ${MOST_NESTED_REPEATS} times in total`);
    }
    this.#nested = Math.max(before, most);
    if (!bounds) return atom;
    this.#take("?"); // lazy and greedy quantifiers match the same texts
    const item = this.#rules.add("part", atom);
    return repeated(item, bounds.min, bounds.max) || '""';
  }

  #bounds(): { readonly min: number; readonly max: number | null } | null {
    if (this.#take("*")) return { min: 0, max: null };
    if (this.#take("+")) return { min: 1, max: null };
    if (this.#take("?")) return { min: 0, max: 1 };
    const found = /^\{(\d+)(,(\d*))?\}/.exec(this.#chars.slice(this.#at, this.#at + 16).join(""));
    if (!found) return null;
    this.#at += found[0].length;
    const min = Number(found[1]);
    const max = found[2] === undefined ? min : found[3] === "" ? null : Number(found[3]);
    if (min > MOST_REPEATS || (max ?? 0) > MOST_REPEATS || (max !== null && max < min)) {
      throw new PatternError(`${found[0]} must be a range within 0 to ${MOST_REPEATS}`);
    }
    return { min, max };
  }

  #atom(): string {
    const char = this.#next();
    switch (char) {
      case "(":
        return this.#group();
      case "[":
        return this.#class();
      case ".":
        return anyOf(complement([[0x0a, 0x0a], [0x0d, 0x0d]]), this.#rules.syntax); // biome-ignore format: a table
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
        return exactly(char, this.#rules.syntax);
    }
  }

  #group(): string {
    if (this.#take("?")) {
      const kind = this.#next();
      if (kind === "<" && !this.#sees("=") && !this.#sees("!")) {
        while (this.#next() !== ">"); // the group name is not needed
      } else if (kind !== ":") throw new PatternError(`(?${kind} is not supported`);
    }
    const { body } = this.#alternatives();
    this.#rules.budget.spendChars(body.length); // nested groups write it repeatedly
    if (!this.#take(")")) throw new PatternError("it has an unclosed (");
    return `( ${body} )`;
  }

  #escape(): string {
    const char = this.#next();
    const ranges = CLASSES[char];
    if (ranges) return anyOf(ranges, this.#rules.syntax);
    return exactly(String.fromCodePoint(this.#escapedCode(char)), this.#rules.syntax);
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

  #class(): string {
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
    return anyOf(isNegated ? complement(ranges) : ranges, this.#rules.syntax);
  }

  #classItem(): number | readonly CharRange[] {
    const char = this.#next();
    if (char !== "\\") return char.codePointAt(0) ?? 0;
    const escaped = this.#next();
    if (escaped === "b") return 0x08;
    return CLASSES[escaped] ?? this.#escapedCode(escaped);
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

function exactly(char: string, { hasEscapes }: Syntax): string {
  const code = char.codePointAt(0) ?? 0;
  if (!hasEscapes) return literal(char);
  const written = ESCAPES.get(code);
  if (written) return literal(written);
  if (code < 0x20) throw new PatternError(`control character ${code} is not supported`);
  return literal(char);
}

/** One character of the ranges, escaped as in JSON. Control characters without a short escape are left out. */
function anyOf(ranges: readonly CharRange[], { hasEscapes }: Syntax): string {
  if (!hasEscapes) return charClass(ranges.flatMap((range) => without(range, [[0xd800, 0xdfff]])));
  const plain = ranges.flatMap((range) => without(range, [[0, 0x1f], [0x22, 0x22], [0x5c, 0x5c], [0x7f, 0x7f], [0xd800, 0xdfff]])); // biome-ignore format: a table
  const escaped = [...ESCAPES].filter(([code]) =>
    ranges.some(([from, to]) => code >= from && code <= to),
  );
  const parts = escaped.map(([, written]) => literal(written));
  if (plain.length > 0) parts.unshift(charClass(plain));
  if (parts.length === 0) throw new PatternError("it has a character class that matches nothing");
  return oneOf(parts);
}

function without([from, to]: CharRange, holes: readonly CharRange[]): CharRange[] {
  const left: CharRange[] = [];
  let start = from;
  for (const [holeFrom, holeTo] of holes) {
    if (holeTo < start || holeFrom > to) continue;
    if (holeFrom > start) left.push([start, holeFrom - 1]);
    start = holeTo + 1;
  }
  if (start <= to) left.push([start, to]);
  return left;
}

function complement(ranges: readonly CharRange[]): CharRange[] {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  return without([0, LAST], sorted);
}
