// The text of a regular expression while it is read, and its escapes.

import { type CharRange, complement } from "../../char-ranges.ts";
import { LETTER_CLASSES, propertyRanges } from "./char-classes.ts";
import { PatternError } from "./pattern-error.ts";

const CONTROLS: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09, f: 0x0c, v: 0x0b };

export class EscapeReader {
  readonly isUnicode: boolean;
  readonly #text: string;
  readonly #groups: number;
  readonly #hasNames: boolean;
  #at = 0;

  constructor(text: string, isUnicode: boolean) {
    this.#text = text;
    this.isUnicode = isUnicode;
    const outside = text.replace(/\\.|\[(?:\\.|[^\]\\])*\]/gs, "");
    this.#groups = outside.match(/\((?!\?)|\(\?P?<(?![=!])/g)?.length ?? 0;
    this.#hasNames = /\(\?P?<(?![=!])/.test(outside);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  sees(char: string): boolean {
    return this.#text[this.#at] === char;
  }

  take(char: string): boolean {
    if (!this.sees(char)) return false;
    this.#at += 1;
    return true;
  }

  /** The next character, which may be a surrogate pair. */
  next(): string {
    const code = this.#text.codePointAt(this.#at);
    if (code === undefined) throw new PatternError("it ends too early");
    const char = String.fromCodePoint(code);
    this.#at += char.length;
    return char;
  }

  /** The next characters, for an error. */
  rest(count: number): string {
    return this.#text.slice(this.#at, this.#at + count);
  }

  /** Matches without taking anything. @param pattern starts with ^ and matches at most 200 characters */
  match(pattern: RegExp): RegExpExecArray | null {
    return pattern.exec(this.#text.slice(this.#at, this.#at + 200));
  }

  takeMatch(pattern: RegExp): RegExpExecArray | null {
    const found = this.match(pattern);
    if (found) this.#at += found[0].length;
    return found;
  }

  /** Reads an escape after its backslash. @returns a character or a class. @throws PatternError */
  escape(isInClass: boolean): number | readonly CharRange[] {
    const property = this.takeMatch(/^([pP])\{([^}]*)\}/);
    if (property) {
      const ranges = propertyRanges(property[2] ?? "");
      return property[1] === "P" ? complement(ranges) : ranges;
    }
    const reference = this.#reference(isInClass);
    if (reference) throw new PatternError(`the back-reference \\${reference} is not supported`);
    const octal = this.takeMatch(/^([0-3][0-7]{0,2}|[4-7][0-7]?)/);
    if (octal) return Number.parseInt(octal[0], 8);
    const hex = this.takeMatch(/^(?:x([\da-fA-F]{2})|u\{([\da-fA-F]+)\})/);
    if (hex) return this.#codePoint(hex[1] ?? hex[2] ?? "");
    if (this.match(/^u[\da-fA-F]{4}/)) return this.#unit();
    const control = this.takeMatch(isInClass && !this.isUnicode ? /^c([\w])/ : /^c([a-zA-Z])/);
    if (control) return (control[1]?.codePointAt(0) ?? 0) % 32;
    if (this.sees("c")) return 0x5c; // annex B: the backslash itself
    const char = this.next();
    if (isInClass && char === "b") return 0x08;
    return LETTER_CLASSES[char] ?? CONTROLS[char] ?? char.codePointAt(0) ?? 0;
  }

  /** A reference to what a group has matched, which no grammar can enforce. */
  #reference(isInClass: boolean): string | null {
    if (isInClass) return null;
    const named = this.#hasNames ? this.match(/^k<[^>]*>/) : null;
    if (named) return named[0];
    const number = this.match(/^[1-9]\d*/)?.[0];
    return number && (this.isUnicode || Number(number) <= this.#groups) ? number : null;
  }

  #codePoint(digits: string): number {
    const code = Number.parseInt(digits, 16);
    if (code > 0x10ffff) throw new PatternError(`\\u{${digits.slice(0, 12)}} is no character`);
    return code;
  }

  /** A character of four digits, or of two such escapes that form a surrogate pair. */
  #unit(): number {
    const pair = this.takeMatch(/^u([dD][89abAB][\da-fA-F]{2})\\u([dD][c-fC-F][\da-fA-F]{2})/);
    const [high = "", low = ""] = pair?.slice(1) ?? [];
    if (pair) return String.fromCharCode(hexOf(high), hexOf(low)).codePointAt(0) ?? 0;
    return hexOf(this.takeMatch(/^u([\da-fA-F]{4})/)?.[1] ?? "");
  }
}

function hexOf(digits: string): number {
  return Number.parseInt(digits, 16);
}
