// JSON itself as GBNF rules.

import { charClass, literal, type Rules, repeated } from "./rules.ts";

/**
 * One space at most, after a colon or comma and nowhere else: indentation costs tokens, and a weak model may
 * generate nothing but white space. llama.cpp's own grammars allow two new lines and 20 spaces between any two tokens of JSON.
 */
export function whitespace(rules: Rules): string {
  return rules.once("ws", () => '" "?');
}

/** A character inside quotes, escaped if the syntax requires it. */
export function stringChar(rules: Rules): string {
  const { hasEscapes, quote } = rules.syntax;
  return rules.once("char", () => {
    if (hasEscapes)
      return '[^"\\\\\\x00-\\x1F\\x7F] | "\\\\" ( ["\\\\/bfnrt] | "u" [0-9a-fA-F]{4} )';
    const [first = 0, second = 0] = [...quote].map((char) => char.codePointAt(0) ?? 0);
    return `${charClass([[first, first]], true)} | ${literal(quote.charAt(0))} ${charClass([[second, second]], true)}`;
  });
}

export function quoted(rules: Rules, inside: string): string {
  const quote = literal(rules.syntax.quote);
  return `${quote} ${inside} ${quote}`;
}

export function anyString(rules: Rules): string {
  return rules.once("string", () => quoted(rules, `${stringChar(rules)}*`));
}

/** A member name of an object without declared properties. */
function anyName(rules: Rules): string {
  if (rules.syntax.areNamesQuoted) return anyString(rules);
  return rules.once("name", () => "[a-zA-Z_] [a-zA-Z0-9_-]{0,63}");
}

/** @param max null for no limit. Both limits count characters. */
export function stringOfLength(rules: Rules, min: number, max: number | null): string {
  return rules.add("string", quoted(rules, repeated(stringChar(rules), min, max)));
}

export function anyInteger(rules: Rules): string {
  return rules.once("integer", () => '"-"? ( "0" | [1-9] [0-9]{0,15} )');
}

export function anyNumber(rules: Rules): string {
  return rules.once(
    "number",
    () => `${anyInteger(rules)} ( "." [0-9]{1,16} )? ( [eE] [-+]? [0-9]{1,2} )?`,
  );
}

export function boolean(rules: Rules): string {
  return rules.once("boolean", () => '"true" | "false"');
}

export function anyValue(rules: Rules): string {
  return rules.once("value", () =>
    [
      anyObject(rules),
      anyArray(rules),
      anyString(rules),
      anyNumber(rules),
      boolean(rules),
      '"null"',
    ].join(" | "),
  );
}

export function anyObject(rules: Rules): string {
  return rules.once("object", () => objectOf(rules, anyValue(rules)));
}

export function anyArray(rules: Rules): string {
  return rules.once("array", () => {
    const ws = whitespace(rules);
    const value = anyValue(rules);
    return `"[" ( ${value} ( "," ${ws} ${value} )* )? "]"`;
  });
}

/** The body of an object with any names and values of one rule. */
export function objectOf(rules: Rules, value: string): string {
  const ws = whitespace(rules);
  const member = `${anyName(rules)} ":" ${ws} ${value}`;
  return `"{" ( ${member} ( "," ${ws} ${member} )* )? "}"`;
}

export type Member = {
  /** Name, colon and value. */
  readonly text: string;
  readonly isRequired: boolean;
};

/** The body of an object with these members in this order. Commas are only placed between members that are present. */
export function objectInOrder(rules: Rules, members: readonly Member[]): string {
  const ws = whitespace(rules);
  // Rules for the rest of the object: before the first member, and after one.
  let rest = null as { readonly first: string; readonly next: string } | null;
  for (const { text, isRequired } of [...members].reverse()) {
    const first: string = `${text} ${rest?.next ?? ""}`.trim();
    const next = `"," ${ws} ${first}`;
    const orRest = (present: string, absent: string | undefined) =>
      absent === undefined ? `( ${present} )?` : `${present} | ${absent}`;
    rest = {
      first: rules.add("members", isRequired ? first : orRest(first, rest?.first)),
      next: rules.add("more", isRequired ? next : orRest(next, rest?.next)),
    };
  }
  return `"{" ${rest?.first ?? ""} "}"`;
}

export type ArrayParts = {
  readonly first: readonly string[];
  /** Rule of all further items; null if there are none. */
  readonly rest: string | null;
  readonly min: number;
  readonly max: number | null;
};

export function arrayOf(rules: Rules, { first, rest, min, max }: ArrayParts): string {
  const ws = whitespace(rules);
  let items = rest === null ? "" : furtherItems(rules, rest, { after: first.length, min, max });
  for (let index = Math.min(first.length, max ?? first.length) - 1; index >= 0; index--) {
    const comma = index === 0 ? "" : `"," ${ws}`;
    const item = `${comma} ${first[index] ?? ""} ${items}`.trim();
    items = rules.add("items", index < min ? item : `( ${item} )?`);
  }
  return `"[" ${items} "]"`;
}

type FurtherItems = { readonly after: number; readonly min: number; readonly max: number | null };

/** Items of one rule that follow `after` other items. */
function furtherItems(rules: Rules, item: string, { after, min, max }: FurtherItems): string {
  const least = Math.max(0, min - after);
  const most = max === null ? null : Math.max(0, max - after);
  if (most === 0) return "";
  const next = rules.add("further", `"," ${whitespace(rules)} ${item}`);
  if (after > 0) return repeated(next, least, most);
  const all = `${item} ${repeated(next, Math.max(0, least - 1), most === null ? null : most - 1)}`;
  return least === 0 ? `( ${all} )?` : all;
}
