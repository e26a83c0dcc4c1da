// The body of a grammar rule as a tree, and its text in GBNF, the grammar format that constrains sampling in llama.cpp.
// Format: https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md

import { type CharRange, merged } from "./char-ranges.ts";

export type GrammarNode =
  | { readonly type: "literal"; readonly text: string }
  /** One character of these ranges, which are sorted and do not touch. */
  | { readonly type: "char"; readonly ranges: readonly CharRange[] }
  | { readonly type: "sequence"; readonly parts: readonly GrammarNode[] }
  | {
      readonly type: "choice";
      readonly options: readonly GrammarNode[];
      /** In GBNF, if it was written already. */
      readonly text?: string;
    }
  | {
      readonly type: "repeat";
      readonly part: GrammarNode;
      readonly min: number;
      /** `UNBOUNDED` for no limit. */
      readonly max: number;
    }
  | { readonly type: "rule"; readonly name: string }
  /** A large part that is written at once, without a node for each of its parts. */
  | {
      readonly type: "written";
      /** In GBNF, as it stands in a sequence. */
      readonly text: string;
      readonly elements: number;
      /** Most ways to continue at a position in it, and at its start. */
      readonly ways: number;
      readonly isNullable: boolean;
    };

/** A node, or the text of a literal. */
export type GrammarPart = GrammarNode | string;

/** The only literal without text. */
const EMPTY: GrammarNode = { type: "literal", text: "" };
export const UNBOUNDED = Number.POSITIVE_INFINITY;
/** llama.cpp expands every repetition, so longer ones are built from blocks. */
const BLOCK = 64;

/** A reference to a rule. */
export function rule(name: string): GrammarNode {
  return { type: "rule", name };
}

/** One character in these ranges, of which there must be at least one. */
export function charClass(ranges: readonly CharRange[]): GrammarNode {
  return { type: "char", ranges: merged(ranges) };
}

/** All parts in this order; without parts, the empty text. */
export function sequence(...given: readonly GrammarPart[]): GrammarNode {
  const parts: GrammarNode[] = [];
  for (const part of given) {
    const node = nodeOf(part);
    if (node !== EMPTY) parts.push(node);
  }
  const [first = EMPTY] = parts;
  return parts.length < 2 ? first : { type: "sequence", parts };
}

/** One of different options; without options, the empty text. */
export function choice(...given: readonly GrammarPart[]): GrammarNode {
  const options = given.map(nodeOf);
  const [only = EMPTY] = options;
  return options.length < 2 ? only : { type: "choice", options };
}

/** One of options that may be equal: they are compared by their text. */
export function oneOf(options: readonly GrammarPart[]): GrammarNode {
  if (options.length < 2) return choice(...options);
  const different = new Map(options.map((option) => [gbnf(option), option]));
  const node = choice(...different.values());
  return node.type === "choice" ? { ...node, text: [...different.keys()].join(" | ") } : node;
}

/** All parts together, or nothing. */
export function optional(...parts: readonly GrammarPart[]): GrammarNode {
  return { type: "repeat", part: sequence(...parts), min: 0, max: 1 };
}

/** All parts together, any number of times. */
export function anyNumberOf(...parts: readonly GrammarPart[]): GrammarNode {
  return { type: "repeat", part: sequence(...parts), min: 0, max: UNBOUNDED };
}

/** @param part a small one, such as a reference: it is written up to four times */
export function repeated(part: GrammarNode, min: number, max = UNBOUNDED): GrammarNode {
  const rest = max === UNBOUNDED ? times(part, 0, UNBOUNDED) : upTo(part, max - min);
  return sequence(exactly(part, min), rest);
}

function times(part: GrammarNode, min: number, max: number): GrammarNode {
  if (max === 0) return EMPTY;
  return min === 1 && max === 1 ? part : { type: "repeat", part, min, max };
}

function exactly(part: GrammarNode, count: number): GrammarNode {
  const blocks = Math.floor(count / BLOCK);
  const rest = count % BLOCK;
  return sequence(times(blockOf(part), blocks, blocks), times(part, rest, rest));
}

/** Whole blocks and a remainder, so any count can be reached in at most two ways. */
function upTo(part: GrammarNode, count: number): GrammarNode {
  if (count <= BLOCK) return times(part, 0, count);
  const blocks = Math.floor(count / BLOCK);
  return choice(
    sequence(times(blockOf(part), 0, blocks - 1), times(part, 0, BLOCK - 1)),
    sequence(times(blockOf(part), blocks, blocks), times(part, 0, count % BLOCK)),
  );
}

function blockOf(part: GrammarNode): GrammarNode {
  return times(part, BLOCK, BLOCK);
}

function nodeOf(part: GrammarPart): GrammarNode {
  if (part === "") return EMPTY;
  return typeof part === "string" ? { type: "literal", text: part } : part;
}

/** The node as the body of a rule. */
export function gbnf(node: GrammarPart): string {
  if (typeof node === "string")
    return PLAIN.test(node) ? `"${node}"` : `"${node.replace(SPECIAL, escaped)}"`;
  switch (node.type) {
    case "literal":
      return gbnf(node.text);
    case "char":
      return `[${node.ranges.map(shownRange).join("")}]`;
    case "sequence": {
      let text = "";
      for (const part of node.parts) {
        if (text !== "") text += " ";
        text += part.type === "choice" ? grouped(part) : gbnf(part);
      }
      return text;
    }
    case "choice": {
      if (node.text !== undefined) return node.text;
      let text = "";
      for (const option of node.options) text += text === "" ? gbnf(option) : ` | ${gbnf(option)}`;
      return text;
    }
    case "repeat":
      return (isGroup(node.part) ? grouped(node.part) : gbnf(node.part)) + shownBounds(node);
    case "rule":
      return node.name;
    case "written":
      return node.text;
  }
}

/** Whether the node needs parentheses to be repeated. */
export function isGroup({ type }: GrammarNode): boolean {
  return type === "sequence" || type === "choice" || type === "repeat";
}

function grouped(node: GrammarNode): string {
  return `( ${gbnf(node)} )`;
}

/** Texts without characters that are escaped: most of them. */
const PLAIN = /^[ !#-[\]-~]*$/;
/** Characters of a literal that are escaped. */
const SPECIAL = /["\\\p{Cc}]/gu;

function escaped(char: string): string {
  return char === '"' || char === "\\" ? `\\${char}` : hex(char.codePointAt(0) ?? 0);
}

function shownRange([from, to]: CharRange): string {
  return from === to ? shownChar(from) : `${shownChar(from)}-${shownChar(to)}`;
}

function shownChar(code: number): string {
  const char = String.fromCodePoint(code);
  return /[a-zA-Z0-9]/.test(char) ? char : hex(code);
}

function hex(code: number): string {
  const digits = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${digits.padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${digits.padStart(4, "0")}`;
  return `\\U${digits.padStart(8, "0")}`;
}

function shownBounds({ min, max }: { readonly min: number; readonly max: number }): string {
  if (max === UNBOUNDED) return "*"; // the minimum is always 0
  if (max === 1) return "?";
  return min === max ? `{${min}}` : `{${min},${max}}`;
}
