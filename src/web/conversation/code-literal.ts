// Writes values as JSON, JavaScript or Python literals: on one line if it fits, otherwise one member per line.

export type Language = "json" | "javascript" | "python";

const MOST_COLUMNS = 90;
/** The usual indentation of each language. */
export const INDENT: Readonly<Record<Language, number>> = { json: 2, javascript: 2, python: 4 };
const PYTHON_WORDS = { true: "True", false: "False", null: "None" } as const;
/** Invisible characters and those that change the text direction. Joiners of emoji and letters are kept. */
const INVISIBLE = /[\u007f-\u009f\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

export type CodePosition = {
  readonly language: Language;
  /** Indentation of the line. Default 0. */
  readonly column?: number;
};

/** @param value any JSON value */
export function literal(value: unknown, { language, column = 0 }: CodePosition): string {
  if (typeof value === "string") return quoted(value);
  if (value === null || typeof value === "boolean")
    return language === "python" ? PYTHON_WORDS[`${value}`] : `${value}`;
  if (typeof value !== "object") return String(value);
  const inner = { language, column: column + INDENT[language] };
  const members = Array.isArray(value)
    ? value.map((each: unknown) => literal(each, inner))
    : Object.entries(value).map(
        ([name, each]) => `${key(name, language)}: ${literal(each, inner)}`,
      );
  const isList = Array.isArray(value);
  return bracketed(members, { column, isList, language });
}

/** A string literal that is valid in JSON, JavaScript and Python. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(
    INVISIBLE,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function key(name: string, language: Language): string {
  if (language !== "javascript") return quoted(name);
  if (name === "__proto__") return '["__proto__"]'; // a plain key would set the prototype
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name);
}

type Layout = { readonly column: number; readonly isList: boolean; readonly language: Language };

function bracketed(members: readonly string[], { column, isList, language }: Layout): string {
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  if (members.length === 0) return `${open}${close}`;
  const space = isList || language === "python" ? "" : " ";
  const line = `${open}${space}${members.join(", ")}${space}${close}`;
  if (column + line.length <= MOST_COLUMNS && !line.includes("\n")) return line;
  const margin = " ".repeat(column);
  const lines = members.map((member) => `${margin}${" ".repeat(INDENT[language])}${member}`);
  return `${open}\n${lines.join(",\n")}\n${margin}${close}`;
}
