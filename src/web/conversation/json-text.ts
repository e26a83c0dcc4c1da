// JSON that a person has typed: its value, or where it breaks, in the same words in every browser.
// (Browsers' own messages differ, and half of them name no place.)

/** A value, or why there is none, for a person to read. */
export type Read<T> = { readonly value: T } | { readonly problem: string };

/** What may come next where a text breaks. */
type Wanted = "value" | "value-or-end" | "name" | "name-or-end" | "colon" | "comma" | "nothing";
type Opener = "{" | "[";

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/uy;
const PLAIN = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** The value of a JSON text, or the line and column where it is none. */
export function readJson(text: string): Read<unknown> {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    const broken = breakOf(text);
    return { problem: `${placeOf(text, broken.at)}: ${broken.message}` };
  }
}

function placeOf(text: string, at: number): string {
  const lines = text.slice(0, at).split(/\r\n|\r|\n/);
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

/** Walks without recursion, since the text may be nested as deep as somebody likes. */
function breakOf(text: string): { readonly at: number; readonly message: string } {
  const open: Opener[] = [];
  let wanted: Wanted = "value";
  let at = endOf(SPACE, text, 0);
  while (at < text.length) {
    const next = step(text, { at, wanted, open });
    if (!next) return { at, message: messageFor(text, { at, wanted, open }) };
    wanted = next.wanted;
    at = endOf(SPACE, text, next.at);
  }
  return { at, message: messageFor(text, { at, wanted, open }) };
}

type Walk = { readonly at: number; readonly wanted: Wanted; readonly open: Opener[] };

/** One token further; null where the token is not what may come. */
function step(text: string, walk: Walk): { readonly at: number; readonly wanted: Wanted } | null {
  const { at, wanted, open } = walk;
  const char = text[at];
  switch (wanted) {
    case "nothing":
      return null;
    case "colon":
      return char === ":" ? { at: at + 1, wanted: "value" } : null;
    case "name":
    case "name-or-end":
      if (char === "}") return wanted === "name-or-end" ? closed(walk) : null;
      return after(STRING, text, at, "colon");
    case "comma":
      if (char === ",") return { at: at + 1, wanted: open.at(-1) === "{" ? "name" : "value" };
      return char === closerOf(open.at(-1)) ? closed(walk) : null;
    case "value":
    case "value-or-end":
      if (char === "]") return wanted === "value-or-end" ? closed(walk) : null;
      return valueStep(text, walk);
  }
}

function valueStep(text: string, { at, open }: Walk) {
  const char = text[at];
  if (char === "{" || char === "[") {
    open.push(char);
    return {
      at: at + 1,
      wanted: char === "{" ? ("name-or-end" as const) : ("value-or-end" as const),
    };
  }
  return after(char === '"' ? STRING : PLAIN, text, at, open.length > 0 ? "comma" : "nothing");
}

function closed({ at, open }: Walk): { readonly at: number; readonly wanted: Wanted } {
  open.pop();
  return { at: at + 1, wanted: open.length > 0 ? "comma" : "nothing" };
}

function after(token: RegExp, text: string, at: number, wanted: Wanted) {
  const end = endOf(token, text, at);
  return end > at ? { at: end, wanted } : null;
}

/** Where a token ends that begins there; the same place, if none does. */
function endOf(token: RegExp, text: string, at: number): number {
  token.lastIndex = at;
  return token.test(text) ? token.lastIndex : at;
}

function closerOf(opener: Opener | undefined): "}" | "]" {
  return opener === "{" ? "}" : "]";
}

function messageFor(text: string, { at, wanted, open }: Walk): string {
  if (at < text.length) {
    const isString = text[at] === '"' && wanted !== "comma" && wanted !== "colon";
    if (isString && wanted !== "nothing")
      return "this text in quotes does not end, or has a line break or a wrong \\ in it";
    return `expected ${wordsFor(wanted, open)}`;
  }
  return `it ends too early: expected ${wordsFor(wanted, open)}`;
}

function wordsFor(wanted: Wanted, open: readonly Opener[]): string {
  switch (wanted) {
    case "value":
      return "a value";
    case "value-or-end":
      return "a value or ]";
    case "name":
      return "a name in double quotes";
    case "name-or-end":
      return "a name in double quotes, or }";
    case "colon":
      return "a colon";
    case "comma":
      return `a comma or ${closerOf(open.at(-1))}`;
    case "nothing":
      return "nothing more";
  }
}
