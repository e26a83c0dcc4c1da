// Writes random texts that a GBNF grammar accepts.

import type { Gbnf, GbnfNode } from "./gbnf.ts";

const CHARS = [...'aabbcc 01-/"\\é\n'];
/** Rules inside each other from which on the shortest way is taken. */
const MOST_DEPTH = 40;

export class GbnfSamples {
  readonly #gbnf: Gbnf;
  readonly #chance: () => number;
  readonly #heights = new Map<string, number>();

  /** @param chance a random number from 0 up to 1 */
  constructor(gbnf: Gbnf, chance: () => number) {
    this.#gbnf = gbnf;
    this.#chance = chance;
    for (let isChanged = true; isChanged; ) isChanged = this.#measure("root", new Set());
  }

  text(): string {
    return this.#write({ type: "rule", name: "root" }, 0);
  }

  /** Finds the height of all rules. @returns whether one is lower than it was known to be */
  #measure(name: string, seen: Set<string>): boolean {
    if (seen.has(name)) return false;
    seen.add(name);
    const body = this.#gbnf.rule(name);
    const isChanged = namesIn(body)
      .map((each) => this.#measure(each, seen))
      .some(Boolean);
    const height = this.#height(body) + 1;
    if (height >= (this.#heights.get(name) ?? Infinity)) return isChanged;
    this.#heights.set(name, height);
    return true;
  }

  /** Rules inside each other that the node needs at least. */
  #height(node: GbnfNode): number {
    if (node.type === "rule") return this.#heights.get(node.name) ?? Infinity;
    if (node.type === "choice") return Math.min(...node.options.map((each) => this.#height(each)));
    if (node.type === "sequence")
      return Math.max(0, ...node.parts.map((each) => this.#height(each)));
    return node.type === "repeat" && node.min > 0 ? this.#height(node.part) : 0;
  }

  #write(node: GbnfNode, depth: number): string {
    switch (node.type) {
      case "text":
        return node.text;
      case "class":
        return this.#char(node);
      case "rule":
        return this.#write(this.#gbnf.rule(node.name), depth + 1);
      case "sequence":
        return node.parts.map((part) => this.#write(part, depth)).join("");
      case "choice":
        return this.#write(this.#option(node.options, depth), depth);
      case "repeat": {
        let count = node.min;
        const mayGrow = depth <= MOST_DEPTH && this.#height(node.part) < Infinity;
        while (mayGrow && count < node.max && this.#chance() < 0.5) count += 1;
        return Array.from({ length: count }, () => this.#write(node.part, depth)).join("");
      }
    }
  }

  #option(options: readonly GbnfNode[], depth: number): GbnfNode {
    const ends = options.filter((each) => this.#height(each) < Infinity);
    const lowest = Math.min(...ends.map((each) => this.#height(each)));
    return this.#pick(depth > MOST_DEPTH ? ends.filter((each) => this.#height(each) === lowest) : ends); // biome-ignore format: one line
  }

  #char({ ranges, isNegated }: Extract<GbnfNode, { type: "class" }>): string {
    const isIn = (char: string) =>
      ranges.some(([from, to]) => from <= codeOf(char) && codeOf(char) <= to) !== isNegated;
    const usual = CHARS.filter(isIn);
    const edges = ranges.map(([from, to]) => (this.#chance() < 0.5 ? from : to));
    if (isNegated && usual.length === 0) return "\u4e00";
    return this.#chance() < 0.8 && usual.length > 0 ? this.#pick(usual) : isNegated ? this.#pick(usual) : String.fromCodePoint(this.#pick(edges)); // biome-ignore format: one line
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#chance() * list.length)] as T; // no list is empty
  }
}

function codeOf(char: string): number {
  return char.codePointAt(0) ?? 0;
}

function namesIn(node: GbnfNode): readonly string[] {
  if (node.type === "rule") return [node.name];
  if (node.type === "choice") return node.options.flatMap(namesIn);
  if (node.type === "sequence") return node.parts.flatMap(namesIn);
  return node.type === "repeat" ? namesIn(node.part) : [];
}
