// How values are written: JSON, or what some models have in its place. Grammars of schemas are made for either.

import type { Json } from "./schema-keywords.ts";

export type Syntax = {
  /** Around a string. */
  readonly quote: string;
  /** Whether names of members are strings; else they stand bare. */
  readonly areNamesQuoted: boolean;
  /** Whether special characters in strings are written as escapes; else all but the quote stands for itself. */
  readonly hasEscapes: boolean;
};

export const JSON_SYNTAX: Syntax = { quote: '"', areNamesQuoted: true, hasEscapes: true };

/** A value as it is written. */
export function written(value: Json, syntax: Syntax): string {
  if (syntax === JSON_SYNTAX) return JSON.stringify(value);
  if (typeof value === "string") return `${syntax.quote}${value}${syntax.quote}`;
  if (Array.isArray(value)) return `[${value.map((item) => written(item, syntax)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, member]) => `${writtenName(name, syntax)}:${written(member, syntax)}`,
  );
  return `{${members.join(",")}}`;
}

/** The name of a member as it is written. */
export function writtenName(name: string, syntax: Syntax): string {
  return syntax.areNamesQuoted ? written(name, syntax) : name;
}
