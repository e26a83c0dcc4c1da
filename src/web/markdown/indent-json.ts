// Recognizes an answer that is JSON and nothing else, and indents it without changing a value.

/** Longer answers are shown as other texts, because every delta reads the whole text. */
const MAX_CHARACTERS = 100_000;

const TOKEN =
  /[ \t\r\n]+|"(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:]/y;

/** What may stand at the end of an unfinished text. */
const UNFINISHED_TOKEN =
  /^(?:"(?:[^"\\\n]|\\.)*\\?|-?\d*\.?\d*(?:[eE][+-]?\d*)?|t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?)$/;

/** A text may begin with a link or a number in brackets. Until it has ended, only this is JSON. */
const BEGINNING = /^\s*(?:\{\s*(?:"|\}|$)|\[\s*[{["])/;

/** @returns null if the text is not an object or an array, complete or cut off */
export function indentJson(text: string): string | null {
  if (!/^\s*(?:\{|\[\s*[^\s\]])/.test(text) || text.length > MAX_CHARACTERS) return null;
  const indented = indentTokens(text);
  if (indented === null) return null;
  if (!indented.isClosed) return BEGINNING.test(text) ? indented.text : null;
  try {
    JSON.parse(text);
    return indented.text;
  } catch {
    return null;
  }
}

function indentTokens(text: string): { readonly text: string; readonly isClosed: boolean } | null {
  const parts: string[] = [];
  let depth = 0;
  let isEmpty = false;
  let isClosed = false;
  const newLine = () => `\n${"  ".repeat(Math.min(depth, 100))}`;
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0] ?? unfinishedToken(text.slice(at));
    if (token === null || (isClosed && token.trim() !== "")) return null;
    TOKEN.lastIndex = at + token.length;
    if (token.trim() === "") continue;
    if (token === "}" || token === "]") {
      depth -= 1;
      if (depth < 0) return null;
      parts.push(isEmpty ? token : `${newLine()}${token}`);
      isClosed = depth === 0;
    } else {
      if (isEmpty) parts.push(newLine());
      if (token === "{" || token === "[") depth += 1;
      parts.push(token === "," ? `,${newLine()}` : token === ":" ? ": " : token);
    }
    isEmpty = token === "{" || token === "[";
  }
  return { text: parts.join(""), isClosed };
}

function unfinishedToken(rest: string): string | null {
  return UNFINISHED_TOKEN.test(rest) ? rest : null;
}
