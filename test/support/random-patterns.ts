// Random regular expressions and texts, the same in every run, for comparing languages with JavaScript's own expressions.

import type { Language } from "../../src/grammar/text/language.ts";

const ATOMS = ["a", "b", "ab", "[ab]", "[^a]", "\\w", "\\W", "\\d", ".", "-", "[a-c]", "\\s", "1"];
const TIMES = ["*", "+", "?", "{2}", "{1,3}", "{2,}", "{0,2}?", "*?"];
const CHARS = [
  "a",
  "b",
  "c",
  "-",
  "1",
  " ",
  "\n",
  "é",
  "😀",
  '"',
  "\\",
  "\u0001",
  "\u001f",
  "\u007f",
];

export class RandomPatterns {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** With anchors, boundaries, lookaheads and, at the start, lookbehinds. */
  pattern(depth = 4): string {
    const before = this.#pick(["", "", "", "^", "^", "(?<=a)", "(?<!ab)"]);
    return before + this.#part(depth) + this.#pick(["", "", "$"]);
  }

  /** Half of them follow the language, and a half of these is changed. */
  text(language: Language): string {
    if (this.#chance() < 0.5) return this.#chars(Math.floor(this.#chance() * 7));
    const walked = [...this.#walk(language)];
    if (this.#chance() < 0.5)
      walked[Math.floor(this.#chance() * walked.length)] = this.#pick(CHARS);
    return walked.join("");
  }

  #part(depth: number): string {
    const part = () => this.#part(depth - 1);
    if (depth === 0) return this.#pick(ATOMS);
    return this.#pick([
      () => this.#pick(ATOMS),
      () => part() + part(),
      () => part() + part() + part(),
      () => `(?:${part()}|${part()})`,
      () => `(${part()}|)`,
      () => `(?:${part()})${this.#pick(TIMES)}`,
      () => `(?:${part()})${this.#pick(TIMES)}`,
      () => this.#pick(["^", "$", "(?:^|a)", "(?:$|b)", "\\b", "\\B"]),
      () => `(?=${part()})`,
      () => `(?!${part()})`,
    ])();
  }

  #walk(start: Language): string {
    let language = start;
    let text = "";
    while (text.length < 20 && !(language.isNullable && this.#chance() < 0.3)) {
      const step = language.owner.step(language);
      const segment = step[Math.floor(this.#chance() * step.length)];
      if (!segment) break;
      text += String.fromCodePoint(this.#pick([segment.from, segment.to]));
      language = segment.next;
    }
    return text;
  }

  #chars(count: number): string {
    return Array.from({ length: count }, () => this.#pick(CHARS)).join("");
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#chance() * items.length)] as Item;
  }

  /** Mulberry32. */
  #chance(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
