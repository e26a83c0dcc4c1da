// Splits a growing Markdown text into top-level blocks that can be rendered apart from each other.
// Wherever that could change the meaning it leaves things together: too few blocks only cost time.

import { Lexer, type Token } from "marked";

export type TextBlock = {
  /** Offset in the text, the same for as long as the text only grows: what the block is known by. */
  readonly start: number;
  readonly text: string;
};

type LexedBlock = TextBlock & {
  /** Where the next one starts. */
  readonly end: number;
  readonly hasDefinition: boolean;
};

/**
 * So many blocks at the end are lexed again when the text has grown. The last is unfinished; the border before it may
 * still fall (a list and a lone "-" become one list), so the one before it is not sure either.
 */
const UNSURE_BLOCKS = 2;

/** Enough to see a blank line before a token. */
const LOOK_BACK_CHARACTERS = 100;

const BLANK_LINE_AT_END = /\n[ \t]*\n[ \t]*$/;

/** Inside of a list or a quote; an odd number of them leaves one open, and blank lines after it may count. */
const FENCE = /^[ \t>*+\-\d.)]*(?:```|~~~)/gm;

/** A reference or a footnote that is defined here, at the start of a line, in a list or a quote as well. */
const DEFINITION = /^[ \t>*+\-\d.)]*\[(?:[^\]\\]|\\.){1,999}\]:/m;

/** Remembers the last text, so that a longer one costs only the lexing of its end. */
export function createBlockSplitter(): (text: string) => readonly TextBlock[] {
  let lastSource = "";
  let lexed: readonly LexedBlock[] = [];
  let blocks: readonly TextBlock[] = [];
  return (text) => {
    const source = text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
    if (source === lastSource) return blocks;
    const kept = source.startsWith(lastSource) ? lexed.slice(0, -UNSURE_BLOCKS) : [];
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
  // Only blocks are lexed: `lex` would go on to what is inside of paragraphs.
  for (const token of new Lexer({ gfm: true }).blockTokens(source.slice(from), [])) {
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
    // The last newline ends the block: inside of it, it would be one more line of code that nothing has closed.
    return { start, end, text: source.slice(start, next ? end - 1 : end), hasDefinition };
  });
}

/** Nothing reaches over a blank line to a line without indentation, with these exceptions. */
function isBorder(before: string, previous: Token | undefined, next: Token): boolean {
  if (previous === undefined || previous.type === "html") return false;
  if (previous.type === "list" && next.type === "list") return false;
  // Before a list that does not begin with 1, micromark takes this for a paragraph that is still open.
  if (previous.type === "code" && previous.codeBlockStyle === "indented") return false;
  if (previous.type !== "code" && (previous.raw.match(FENCE)?.length ?? 0) % 2 === 1) return false;
  return /^\S/.test(next.raw) && BLANK_LINE_AT_END.test(before);
}

function hasDefinition(token: Token): boolean {
  if (token.type === "code") return false;
  if (token.type === "list") return token.items.some(hasDefinition);
  if (token.type === "list_item" || token.type === "blockquote") {
    return token.tokens?.some(hasDefinition) ?? false;
  }
  return DEFINITION.test(token.raw);
}
