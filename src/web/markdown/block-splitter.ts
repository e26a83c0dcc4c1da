// Splits a growing Markdown text into top-level blocks that can be rendered separately.
// Where a split could change the meaning it keeps the text together: too few blocks only cost time.

import { Lexer, type Token } from "marked";
import { readBlockFormula } from "./maths/block-formula.ts";

export type TextBlock = {
  /** Offset in the text. It identifies the block, since it stays the same while the text grows. */
  readonly start: number;
  readonly text: string;
};

type LexedBlock = TextBlock & {
  /** Start of the next block. */
  readonly end: number;
  readonly hasDefinition: boolean;
};

/**
 * Number of blocks at the end that are lexed again when the text has grown. The last is unfinished. It may still merge
 * with the one before it (a list and a lone "-" become one list), so that one is lexed again too.
 */
const UNSTABLE_BLOCKS = 2;

/** The beginning of a formula, or the end of the paragraph, after which a formula does not interrupt it. */
const FORMULA_START = /\n(?:[ \t]*\n|( {0,3})(?=\$\$|\\\[))/;

/** A formula is one block, whatever its lines look like. Its closing marker may still arrive. */
const OPTIONS: ConstructorParameters<typeof Lexer>[0] = {
  gfm: true,
  extensions: { renderers: {}, childTokens: {}, block: [lexFormula], startBlock: [findFormula] },
};

/** Enough to detect a blank line before a token. */
const LOOK_BACK_CHARACTERS = 100;

const BLANK_LINE_AT_END = /\n[ \t]*\n[ \t]*$/;

/** A code fence, also inside a list or a quote. An odd number leaves one open, and then later blank lines are code. */
const FENCE = /^[ \t>*+\-\d.)]*(?:```|~~~)/gm;

/** The definition of a link reference or footnote at the start of a line, also inside a list or a quote. */
const DEFINITION = /^[ \t>*+\-\d.)]*\[(?:[^\]\\]|\\.){1,999}\]:/m;

/** Remembers the last text, so that for a longer one only the end is lexed. */
export function createBlockSplitter(): (text: string) => readonly TextBlock[] {
  let lastSource = "";
  let lexed: readonly LexedBlock[] = [];
  let blocks: readonly TextBlock[] = [];
  return (text) => {
    const source = text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
    if (source === lastSource) return blocks;
    const kept = source.startsWith(lastSource) ? lexed.slice(0, -UNSTABLE_BLOCKS) : [];
    lexed = [...kept, ...lexBlocks(source, kept.at(-1)?.end ?? 0)];
    lastSource = source;
    blocks = lexed.some((block) => block.hasDefinition) ? [{ start: 0, text: source }] : lexed;
    return blocks;
  };
}

function lexBlocks(source: string, from: number): LexedBlock[] {
  const borders: { start: number; hasDefinition: boolean }[] = [];
  let offset = from;
  let previous: Token | undefined;
  // `blockTokens` lexes only blocks; `lex` would also lex the text inside paragraphs.
  for (const token of new Lexer(OPTIONS).blockTokens(source.slice(from), [])) {
    const before = source.slice(Math.max(from, offset - LOOK_BACK_CHARACTERS), offset);
    if (borders.length === 0 || isBorder(before, previous, token)) {
      borders.push({ start: offset, hasDefinition: false });
    }
    const current = borders.at(-1);
    if (current) current.hasDefinition ||= hasDefinition(token);
    if (token.type !== "space") previous = token;
    offset += token.raw.length;
  }
  return borders.map(({ start, hasDefinition }, index) => {
    const next = borders[index + 1];
    const end = next?.start ?? source.length;
    // Drop the last newline, which would be one more line in an unclosed code block.
    return { start, end, text: source.slice(start, next ? end - 1 : end), hasDefinition };
  });
}

/** A blank line before an unindented line separates blocks, with these exceptions. */
function isBorder(before: string, previous: Token | undefined, next: Token): boolean {
  if (previous === undefined || previous.type === "html") return false;
  if (previous.type === "list" && next.type === "list") return false;
  // Before a list that does not start with 1, micromark treats indented code as an open paragraph.
  if (previous.type === "code" && previous.codeBlockStyle === "indented") return false;
  if (previous.type !== "code" && (previous.raw.match(FENCE)?.length ?? 0) % 2 === 1) return false;
  return /^\S/.test(next.raw) && BLANK_LINE_AT_END.test(before);
}

function lexFormula(source: string): Token | undefined {
  const indent = /^ {0,3}(?=\$\$|\\\[)/.exec(source)?.[0].length;
  const formula = indent === undefined ? null : readBlockFormula(source, indent, true);
  return formula === null ? undefined : { type: "formula", raw: source.slice(0, formula.end) };
}

/** Offset of a formula that interrupts a paragraph, or -1. */
function findFormula(source: string): number {
  const found = FORMULA_START.exec(source);
  if (found?.[1] === undefined) return -1;
  const start = found.index + found[0].length;
  return readBlockFormula(source, start, true) === null ? -1 : found.index + 1;
}

function hasDefinition(token: Token): boolean {
  if (token.type === "code") return false;
  if (token.type === "list") return token.items.some(hasDefinition);
  if (token.type === "list_item" || token.type === "blockquote") {
    return token.tokens?.some(hasDefinition) ?? false;
  }
  return DEFINITION.test(token.raw);
}
