// Reads a regular expression of ECMA-262, with the common spellings of Python and PCRE for anchors, flags and named groups.

import { type CharRange, complement } from "../../char-ranges.ts";
import { ALL_BUT_LINE_ENDS, inBothCases, LETTER_CLASSES, WORD } from "./char-classes.ts";
import { EscapeReader } from "./escape-reader.ts";
import { PatternError } from "./pattern-error.ts";
import type { PatternNode } from "./pattern-node.ts";

const MOST_NESTED_GROUPS = 100;
const BOUNDS = /^\{(\d+)(,(\d*))?\}/;
const EMPTY: PatternNode = { type: "sequence", parts: [] };

type Flags = { readonly ignoresCase: boolean; readonly isDotAll: boolean };

/** @throws PatternError */
export function readPattern(pattern: string): PatternNode {
  return new PatternReader(pattern, isValid(pattern, "u")).read();
}

function isValid(pattern: string, flags: string): boolean {
  try {
    new RegExp(pattern, flags);
    return true;
  } catch {
    return false;
  }
}

class PatternReader {
  readonly #input: EscapeReader;
  #flags: Flags = { ignoresCase: false, isDotAll: false };
  #depth = 0;

  /** @param isUnicode whether the pattern is valid with the flag `u`; if not, the rules of ECMA-262's annex B apply */
  constructor(pattern: string, isUnicode: boolean) {
    this.#input = new EscapeReader(pattern, isUnicode);
  }

  read(): PatternNode {
    const node = this.#choice();
    if (!this.#input.isAtEnd) throw new PatternError("it has an unmatched )");
    return node;
  }

  #choice(): PatternNode {
    const options = [this.#sequence()];
    while (this.#input.take("|")) options.push(this.#sequence());
    const [only = EMPTY] = options;
    return options.length === 1 ? only : { type: "choice", options };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    const input = this.#input;
    while (!input.isAtEnd && !input.sees("|") && !input.sees(")")) parts.push(this.#term());
    const [only = EMPTY] = parts;
    return parts.length === 1 ? only : { type: "sequence", parts };
  }

  #term(): PatternNode {
    const atom = this.#atom();
    const bounds = this.#bounds();
    if (!bounds) return atom;
    const input = this.#input;
    if (input.sees("+")) throw new PatternError("possessive quantifiers are not supported");
    input.take("?"); // lazy and greedy quantifiers match the same texts
    if (input.sees("*") || input.sees("+") || input.sees("?") || input.match(BOUNDS))
      throw new PatternError("it repeats a quantifier");
    return { type: "repeat", part: atom, ...bounds };
  }

  #bounds(): { readonly min: number; readonly max: number } | null {
    const input = this.#input;
    if (input.take("*")) return { min: 0, max: Infinity };
    if (input.take("+")) return { min: 1, max: Infinity };
    if (input.take("?")) return { min: 0, max: 1 };
    const found = input.takeMatch(BOUNDS);
    if (!found) return null;
    const min = Number(found[1]);
    const max = found[2] === undefined ? min : found[3] === "" ? Infinity : Number(found[3]);
    if (max < min) throw new PatternError(`${found[0]} has its limits in the wrong order`);
    return { min, max };
  }

  #atom(): PatternNode {
    const input = this.#input;
    if (input.match(BOUNDS)) throw new PatternError("a quantifier has nothing to repeat");
    const char = input.next();
    switch (char) {
      case "(":
        return this.#group();
      case "[":
        return { type: "chars", ranges: this.#class() };
      case ".":
        return {
          type: "chars",
          ranges: this.#flags.isDotAll ? complement([]) : ALL_BUT_LINE_ENDS,
        };
      case "\\":
        return this.#escape();
      case "^":
        return { type: "start" };
      case "$":
        return { type: "end" };
      case "*":
      case "+":
      case "?":
        throw new PatternError(`${char} has nothing to repeat`);
      default:
        return this.#chars(char.codePointAt(0) ?? 0);
    }
  }

  #group(): PatternNode {
    this.#depth += 1;
    if (this.#depth > MOST_NESTED_GROUPS)
      throw new PatternError(`it nests more than ${MOST_NESTED_GROUPS} groups`);
    const outer = this.#flags;
    const kind = this.#groupKind();
    const body = kind === "flags" ? EMPTY : this.#choice();
    if (!this.#input.take(")")) throw new PatternError("it has an unclosed (");
    this.#depth -= 1;
    if (kind === "flags") return EMPTY; // flags apply up to the end of the group around them
    this.#flags = outer;
    if (kind === "plain") return body;
    return { type: "look", isAhead: !kind.includes("<"), isNegated: kind.endsWith("!"), body };
  }

  /** Reads the start of a group after its `(`. @returns `plain`, `flags`, or the sign of a lookahead or lookbehind */
  #groupKind(): string {
    const input = this.#input;
    if (!input.sees("?")) return "plain";
    const look = input.takeMatch(/^\?(<?[=!])/);
    if (look) return look[1] ?? "";
    if (input.takeMatch(/^\?(:|P?<[\p{L}_$][^>]*>)/u)) return "plain";
    const flags = input.takeMatch(/^\?([ismux]*)(?:-([ismux]*))?(:|(?=\)))/);
    if (!flags) throw new PatternError(`(${input.rest(3)} is not supported`);
    this.#setFlags(flags[1] ?? "", flags[2] ?? "");
    return flags[3] === ":" ? "plain" : "flags";
  }

  #setFlags(on: string, off: string): void {
    const unknown = /[mx]/.exec(on)?.[0];
    if (unknown) throw new PatternError(`the flag ${unknown} is not supported`);
    this.#flags = {
      ignoresCase: (this.#flags.ignoresCase || on.includes("i")) && !off.includes("i"),
      isDotAll: (this.#flags.isDotAll || on.includes("s")) && !off.includes("s"),
    };
  }

  #escape(): PatternNode {
    const input = this.#input;
    if (input.take("b")) return { type: "boundary", isNegated: false };
    if (input.take("B")) return { type: "boundary", isNegated: true };
    if (!input.isUnicode && input.take("A")) return { type: "start" };
    if (!input.isUnicode && (input.take("Z") || input.take("z"))) return { type: "end" };
    return this.#chars(input.escape(false));
  }

  #chars(found: number | readonly CharRange[]): PatternNode {
    return { type: "chars", ranges: this.#inCases(found) };
  }

  #class(): readonly CharRange[] {
    const input = this.#input;
    const isNegated = input.take("^");
    const ranges: CharRange[] = [];
    while (!input.take("]")) {
      const from = this.#classItem();
      if (!input.match(/^-[^\]]/u)) {
        ranges.push(...this.#inCases(from));
        continue;
      }
      input.next();
      const to = this.#classItem();
      if (typeof from === "number" && typeof to === "number") {
        if (to < from) throw new PatternError("it has a character class with an invalid range");
        ranges.push(...this.#inCases([[from, to]]));
      } else ranges.push(...this.#inCases(from), [0x2d, 0x2d], ...this.#inCases(to));
    }
    return isNegated ? complement(ranges) : ranges;
  }

  #inCases(found: number | readonly CharRange[]): readonly CharRange[] {
    const ranges: readonly CharRange[] = typeof found === "number" ? [[found, found]] : found;
    if (!this.#flags.ignoresCase) return ranges;
    return found === LETTER_CLASSES.W ? complement(inBothCases(WORD)) : inBothCases(ranges);
  }

  #classItem(): number | readonly CharRange[] {
    const char = this.#input.next();
    return char === "\\" ? this.#input.escape(true) : (char.codePointAt(0) ?? 0);
  }
}
