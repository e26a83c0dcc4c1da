// Parses JSON that the user typed, with the same error messages in every browser.
// (The messages of browsers differ, and half of them give no position.)

/** A value, or a problem to show to the user. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

/** The tokens that may come next, in words. A comma's alternative depends on the bracket that is open. */
const EXPECTED = {
  value: "a value",
  "value-or-end": "a value or ]",
  name: "a name in double quotes",
  "name-or-end": "a name in double quotes, or }",
  colon: "a colon",
  end: "the end of the text",
};
type Expected = keyof typeof EXPECTED | "comma";
type Opener = "{" | "[";

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/uy;
const PLAIN = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** The value of a JSON text, or the line and column of its first error. */
export function readJson(text: string): Parsed<unknown> {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    const { at, message } = findError(text);
    return { problem: `${positionIn(text, at)}: ${message}` };
  }
}

/** Indents JSON for display; a text that is not JSON, such as arguments that were cut off, stays unchanged. */
export function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function positionIn(text: string, at: number): string {
  const lines = text.slice(0, at).split(/\r\n|\r|\n/);
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

/** Not recursive, because the text may be nested to any depth. */
function findError(text: string): { readonly at: number; readonly message: string } {
  const open: Opener[] = [];
  let expected: Expected = "value";
  let at = endOf(SPACE, text, 0);
  while (at < text.length) {
    const next = readToken(text, { at, expected, open });
    if (!next) return { at, message: messageFor(text, { at, expected, open }) };
    expected = next.expected;
    at = endOf(SPACE, text, next.at);
  }
  return { at, message: messageFor(text, { at, expected, open }) };
}

type Walk = { readonly at: number; readonly expected: Expected; readonly open: Opener[] };

/** Reads one token; null if it is not the expected one. */
function readToken(
  text: string,
  walk: Walk,
): { readonly at: number; readonly expected: Expected } | null {
  const { at, expected, open } = walk;
  const char = text[at];
  switch (expected) {
    case "end":
      return null;
    case "colon":
      return char === ":" ? { at: at + 1, expected: "value" } : null;
    case "name":
    case "name-or-end":
      if (char === "}") return expected === "name-or-end" ? closed(walk) : null;
      return after(STRING, text, at, "colon");
    case "comma":
      if (char === ",") return { at: at + 1, expected: open.at(-1) === "{" ? "name" : "value" };
      return char === closerOf(open.at(-1)) ? closed(walk) : null;
    case "value":
    case "value-or-end":
      if (char === "]") return expected === "value-or-end" ? closed(walk) : null;
      return readValueStart(text, walk);
  }
}

function readValueStart(text: string, { at, open }: Walk) {
  const char = text[at];
  if (char === "{" || char === "[") {
    open.push(char);
    return {
      at: at + 1,
      expected: char === "{" ? ("name-or-end" as const) : ("value-or-end" as const),
    };
  }
  return after(char === '"' ? STRING : PLAIN, text, at, open.length > 0 ? "comma" : "end");
}

function closed({ at, open }: Walk): { readonly at: number; readonly expected: Expected } {
  open.pop();
  return { at: at + 1, expected: open.length > 0 ? "comma" : "end" };
}

function after(token: RegExp, text: string, at: number, expected: Expected) {
  const end = endOf(token, text, at);
  return end > at ? { at: end, expected } : null;
}

/** The end of the token that starts at this offset; the offset itself if there is none. */
function endOf(token: RegExp, text: string, at: number): number {
  token.lastIndex = at;
  return token.test(text) ? token.lastIndex : at;
}

function closerOf(opener: Opener | undefined): "}" | "]" {
  return opener === "{" ? "}" : "]";
}

function messageFor(text: string, { at, expected, open }: Walk): string {
  if (at < text.length) {
    const isString = text[at] === '"' && expected !== "comma" && expected !== "colon";
    if (isString && expected !== "end")
      return "this string is not closed, or contains a line break or an invalid \\ escape";
    return `expected ${describe(expected, open)}`;
  }
  return `unexpected end of the text, expected ${describe(expected, open)}`;
}

function describe(expected: Expected, open: readonly Opener[]): string {
  return expected === "comma" ? `a comma or ${closerOf(open.at(-1))}` : EXPECTED[expected];
}
