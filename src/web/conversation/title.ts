// What a conversation is called before somebody names it: the beginning of its first question.

const MOST_CHARS = 60;
/** Marks at the beginning of a line: headings, quotes, lists, check boxes. */
const LEADING = /^(?:\s|#{1,6}\s|>|[-*+]\s+(?:\[[ xX]\]\s)?|\d{1,9}[.)]\s)+/;
const FENCE_OR_RULE = /^\s*(?:`{3,}|~{3,}|([-*_=])(?:\s*\1){2,}\s*$)/;

/** The first line that says something, without Markdown's marks, at most 60 characters and cut at a word. */
export function titleFrom(text: string): string {
  const lines = text.split(/\r\n|\r|\n/).filter((line) => !FENCE_OR_RULE.test(line));
  for (const line of lines) {
    const title = withoutMarks(line);
    if (title !== "") return cut(title);
  }
  return cut(text.replace(/\s+/g, " ").trim());
}

function withoutMarks(line: string): string {
  return line
    .replace(LEADING, "")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1") // links and pictures
    .replace(/(`+)(.+?)\1/g, "$2")
    .replace(/(\*{1,3}|~~)(?=\S)(.+?)(?<=\S)\1/g, "$2")
    .replace(/(?<![\p{L}\p{N}_])(_{1,3})(?=\S)(.+?)(?<=\S)\1(?![\p{L}\p{N}_])/gu, "$2")
    .replace(/\s+/g, " ")
    .trim();
}

/** Counts whole characters, so that no emoji is cut in two. */
function cut(title: string): string {
  const chars = [...title];
  if (chars.length <= MOST_CHARS) return title;
  const start = chars.slice(0, MOST_CHARS - 1).join("");
  const isWordEnd = chars[MOST_CHARS - 1] === " ";
  const lastSpace = start.lastIndexOf(" ");
  // A language without spaces, or one very long word, is cut where it has to be.
  const end = isWordEnd || lastSpace < MOST_CHARS / 3 ? start.length : lastSpace;
  return `${start.slice(0, end).trimEnd()}…`;
}
