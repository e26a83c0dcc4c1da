// Finds where a formula ends that begins a line: `$$` or `\[`, often with lines between that look like lists or headings.
// The parser and the splitter ask this, so that they agree.

export type BlockFormula = {
  /** Offset after the closing marker; without one, the end of the text. */
  readonly end: number;
  readonly isClosed: boolean;
};

/** Further lines are not a formula, but text in which a marker stands alone. */
const MAX_CHARACTERS = 4_000;

/** Text before a marker of the same paragraph that is searched for another one, which this one may close. */
const LOOK_BACK_CHARACTERS = 2_000;

/** The opening marker and the closing one, which must end its line. */
const CLOSERS: Readonly<Record<string, RegExp>> = {
  $$: /(?<![\\$])(?:\\\\)*\$\$(?!\$)/g,
  "\\[": /(?<!\\)(?:\\\\)*\\\]/g,
};

/**
 * @param start offset of the opening marker, which is the first text of its line
 * @param isGrowing whether the closing marker may still arrive
 */
export function readBlockFormula(
  source: string,
  start: number,
  isGrowing: boolean,
): BlockFormula | null {
  const closer = CLOSERS[source.slice(start, start + 2)];
  if (closer === undefined || source[start + 2] === "$" || closesAnother(source, start))
    return null;
  const lineStart = source.lastIndexOf("\n", start - 1) + 1;
  const continuation = continuationAfter(source.slice(lineStart, start));
  const isMarkerAlone = /^[ \t]*(?:\r?\n|\r|$)/.test(source.slice(start + 2, start + 200));
  const mayHoldBlankLines = isMarkerAlone || source[start] === "\\";
  const limit = Math.min(source.length, start + MAX_CHARACTERS);
  for (let from = start + 2, isFirst = true; from <= limit; isFirst = false) {
    const newline = source.indexOf("\n", from);
    const lineEnd = newline < 0 ? source.length : newline;
    const line = source.slice(from, lineEnd);
    const belongs = line.trim() === "" ? mayHoldBlankLines : continuation.test(line);
    if (!isFirst && !belongs) return null;
    const end = closingEnd(line, closer);
    if (end !== null) {
      const isEmpty = source.slice(start + 2, from + end - 2).trim() === "";
      const isWhole = line.slice(end).trim() === "" && !isEmpty;
      return isWhole ? { end: from + end, isClosed: true } : null;
    }
    if (newline < 0) break;
    from = newline + 1;
  }
  if (!isGrowing || source.length > limit) return null;
  return { end: source.length, isClosed: false };
}

/** Whether the marker ends a formula that began within the text of its paragraph. */
function closesAnother(source: string, start: number): boolean {
  if (source[start] !== "$") return false;
  const before = source.slice(Math.max(0, start - LOOK_BACK_CHARACTERS), start);
  const paragraph = before.split(/\n[ \t>]*\n/).at(-1) ?? "";
  return (paragraph.match(/(?<!\\)\$\$/g)?.length ?? 0) % 2 === 1;
}

/** The offset after the first closing marker of the line. */
function closingEnd(line: string, closer: RegExp): number | null {
  closer.lastIndex = 0;
  return closer.test(line) ? closer.lastIndex : null;
}

/** Lines of the same list item are indented as far, and lines of the same quote have its marker. */
function continuationAfter(prefix: string): RegExp {
  const pattern = prefix
    .replace(/[*+-]|\d{1,9}[.)]/g, (marker) => " ".repeat(marker.length))
    .replace(/>? +|>/g, (part) =>
      part.startsWith(">") ? ` {0,3}> {${Math.max(0, part.length - 2)},}` : ` {${part.length},}`,
    );
  return new RegExp(`^${pattern.replace(/[^ {}0-9,>]/g, "")}`);
}
