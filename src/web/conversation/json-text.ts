// Parses JSON that the user typed, with the same error messages in every browser.
// (The messages of browsers differ, and half of them give no position.)

import { type ParseError, parse, printParseErrorCode } from "jsonc-parser";

/** A value, or a problem to show to the user. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

/** Name of a parser error → what it expects. The other errors are about strings. */
const EXPECTED: Readonly<Record<string, string>> = {
  InvalidSymbol: "a value",
  InvalidNumberFormat: "a value",
  InvalidCommentToken: "no comment",
  ValueExpected: "a value",
  PropertyNameExpected: "a name in double quotes",
  ColonExpected: "a colon",
  CommaExpected: "a comma or a closing bracket",
  CloseBraceExpected: "a closing }",
  CloseBracketExpected: "a closing ]",
  EndOfFileExpected: "the end of the text",
};

/** The value of a JSON text, or the line and column of its first error. */
export function readJson(text: string): Parsed<unknown> {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return { problem: problemIn(text) };
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

function problemIn(text: string): string {
  const errors: ParseError[] = [];
  try {
    parse(text, errors, { disallowComments: true });
  } catch {
    return "the text is nested too deeply"; // the parser is recursive
  }
  const [first] = errors;
  if (!first) return "this is not valid JSON";
  // After an unknown symbol the parser says what it expected in its place.
  const codes = errors.slice(0, 2).map(({ error }) => printParseErrorCode(error));
  const code = codes[0] === "InvalidSymbol" ? codes.at(-1) : codes[0];
  const expected = EXPECTED[code ?? ""];
  const end = first.offset < text.length ? "" : "unexpected end of the text, ";
  const message = expected
    ? `${end}expected ${expected}`
    : "this string is not closed, or contains a line break or an invalid \\ escape";
  return `${positionIn(text, first.offset)}: ${message}`;
}

function positionIn(text: string, at: number): string {
  const lines = text.slice(0, at).split(/\r\n|\r|\n/);
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}
