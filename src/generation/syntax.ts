// How values are written: as JSON, or in the syntax some models use instead. Schemas compile to grammars of either.

import type { Json } from "./request.ts";

export type Syntax = {
  /** The quote around a string. */
  readonly quote: string;
  /** Whether member names are quoted strings; if not, they are bare words. */
  readonly areNamesQuoted: boolean;
  /** Whether special characters in strings are escaped; if not, every character except the quote stands for itself. */
  readonly hasEscapes: boolean;
};

export const JSON_SYNTAX: Syntax = { quote: '"', areNamesQuoted: true, hasEscapes: true };

/** Formats a value in the syntax. */
export function writeValue(value: Json, syntax: Syntax): string {
  if (syntax.hasEscapes) return JSON.stringify(value);
  if (typeof value === "string") return `${syntax.quote}${value}${syntax.quote}`;
  if (Array.isArray(value)) return `[${value.map((item) => writeValue(item, syntax)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, member]) => `${writeName(name, syntax)}:${writeValue(member, syntax)}`,
  );
  return `{${members.join(",")}}`;
}

/** Formats a member name in the syntax. */
export function writeName(name: string, syntax: Syntax): string {
  return syntax.areNamesQuoted ? writeValue(name, syntax) : name;
}
