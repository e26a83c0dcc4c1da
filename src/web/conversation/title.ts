// The default title of a conversation: the beginning of its first question.

const MAX_CHARS = 60;
/** Markdown markers at the start of a line: headings, quotes, lists, check boxes. */
const LEADING = /^(?:\s|#{1,6}\s|>|[-*+]\s+(?:\[[ xX]\]\s)?|\d{1,9}[.)]\s)+/;
const FENCE_OR_RULE = /^\s*(?:`{3,}|~{3,}|([-*_=])(?:\s*\1){2,}\s*$)/;

/** The first line with text, without Markdown markers, cut at a word to at most 60 characters. */
export function titleFrom(text: string): string {
  const lines = text.split(/\r\n|\r|\n/).filter((line) => !FENCE_OR_RULE.test(line));
  for (const line of lines) {
    const title = withoutMarkers(line);
    if (title !== "") return cut(title);
  }
  return cut(text.replace(/\s+/g, " ").trim());
}

function withoutMarkers(line: string): string {
  return line
    .replace(LEADING, "")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1") // links and images
    .replace(/(`+)(.+?)\1/g, "$2")
    .replace(/(\*{1,3}|~~)(?=\S)(.+?)(?<=\S)\1/g, "$2")
    .replace(/(?<![\p{L}\p{N}_])(_{1,3})(?=\S)(.+?)(?<=\S)\1(?![\p{L}\p{N}_])/gu, "$2")
    .replace(/\s+/g, " ")
    .trim();
}

/** Counts code points, so that no emoji is cut in two. */
function cut(title: string): string {
  const chars = [...title];
  if (chars.length <= MAX_CHARS) return title;
  const start = chars.slice(0, MAX_CHARS - 1).join("");
  const isWordEnd = chars[MAX_CHARS - 1] === " ";
  const lastSpace = start.lastIndexOf(" ");
  // Text without spaces, or one very long word, is cut at the limit.
  const end = isWordEnd || lastSpace < MAX_CHARS / 3 ? start.length : lastSpace;
  return `${start.slice(0, end).trimEnd()}…`;
}
