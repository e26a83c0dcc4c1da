// JSON itself as grammar rules.

import { complement } from "./char-ranges.ts";
import {
  anyNumberOf,
  charClass,
  choice,
  type GrammarNode,
  type GrammarPart,
  optional,
  repeated,
  sequence,
} from "./nodes.ts";
import { regExpNode } from "./pattern-parser.ts";
import type { Rules } from "./rules.ts";

const JSON_CHAR = regExpNode(String.raw`[^"\\\x00-\x1F\x7F]|\\(["\\/bfnrt]|u[0-9a-fA-F]{4})`);
const NAME = regExpNode("[a-zA-Z_][a-zA-Z0-9_-]{0,63}");
const INTEGER = regExpNode("-?(0|[1-9][0-9]{0,15})");
const FRACTION = regExpNode("(\\.[0-9]{1,16})?([eE][-+]?[0-9]{1,2})?");

/**
 * One space at most, after a colon or comma and nowhere else: indentation costs tokens, and a weak model may
 * generate nothing but white space. llama.cpp's own grammars allow two new lines and 20 spaces between any two tokens of JSON.
 */
function whitespace(rules: Rules): GrammarNode {
  return rules.once("ws", () => optional(" "));
}

/** A character inside quotes, escaped if the syntax requires it. */
export function stringChar(rules: Rules): GrammarNode {
  const { hasEscapes, quote } = rules.syntax;
  return rules.once("char", () => {
    if (hasEscapes) return JSON_CHAR;
    const [first = "", second = ""] = quote;
    return choice(anyCharBut(first), sequence(first, anyCharBut(second)));
  });
}

function anyCharBut(char: string): GrammarNode {
  const code = char.codePointAt(0) ?? 0;
  return charClass(complement([[code, code]]));
}

export function quoted(rules: Rules, inside: GrammarNode): GrammarNode {
  const { quote } = rules.syntax;
  return sequence(quote, inside, quote);
}

export function anyString(rules: Rules): GrammarNode {
  return rules.once("string", () => quoted(rules, anyNumberOf(stringChar(rules))));
}

/** A member name of an object without declared properties. */
export function anyName(rules: Rules): GrammarNode {
  return rules.syntax.areNamesQuoted ? anyString(rules) : rules.once("name", () => NAME);
}

/** Both limits count characters. */
export function stringOfLength(rules: Rules, min: number, max: number): GrammarNode {
  return rules.add("string", quoted(rules, repeated(stringChar(rules), min, max)));
}

export function anyInteger(rules: Rules): GrammarNode {
  return rules.once("integer", () => INTEGER);
}

export function anyNumber(rules: Rules): GrammarNode {
  return rules.once("number", () => sequence(anyInteger(rules), FRACTION));
}

export function boolean(rules: Rules): GrammarNode {
  return rules.once("boolean", () => choice("true", "false"));
}

export function anyValue(rules: Rules): GrammarNode {
  return rules.once("value", () =>
    choice(
      anyObject(rules),
      anyArray(rules),
      anyString(rules),
      anyNumber(rules),
      boolean(rules),
      "null",
    ),
  );
}

export function anyObject(rules: Rules): GrammarNode {
  return rules.once("object", () => objectOf(rules, anyValue(rules)));
}

export function anyArray(rules: Rules): GrammarNode {
  return rules.once("array", () => {
    const item = anyValue(rules);
    return sequence("[", optional(item, anyNumberOf(comma(rules), item)), "]");
  });
}

/** The body of an object with any number of members with names and values of these rules. */
export function objectOf(
  rules: Rules,
  value: GrammarPart,
  name: GrammarPart = anyName(rules),
): GrammarNode {
  const member = memberOf(rules, name, value);
  return sequence("{", optional(member, anyNumberOf(comma(rules), member)), "}");
}

export function memberOf(rules: Rules, name: GrammarPart, value: GrammarPart): GrammarNode {
  return sequence(name, ":", whitespace(rules), value);
}

function comma(rules: Rules): GrammarNode {
  return sequence(",", whitespace(rules));
}

export type Member = {
  /** Name, colon and value. */
  readonly node: GrammarNode;
  readonly isRequired: boolean;
};

/** The body of an object with these members in this order. Commas are only placed between members that are present. */
export function objectInOrder(rules: Rules, members: readonly Member[]): GrammarNode {
  // Rules for the rest of the object: before the first member, and after one.
  let rest = null as { readonly first: GrammarNode; readonly next: GrammarNode } | null;
  for (const { node, isRequired } of members.toReversed()) {
    const first: GrammarNode = rest ? sequence(node, rest.next) : node;
    const next = sequence(comma(rules), first);
    const orRest = (present: GrammarNode, absent: GrammarNode | undefined) =>
      absent ? choice(present, absent) : optional(present);
    rest = {
      first: rules.add("members", isRequired ? first : orRest(first, rest?.first)),
      next: rules.add("more", isRequired ? next : orRest(next, rest?.next)),
    };
  }
  return sequence("{", rest?.first ?? "", "}");
}

export type ArrayParts = {
  readonly first: readonly GrammarNode[];
  /** Rule of all further items; null if there are none. */
  readonly rest: GrammarNode | null;
  readonly min: number;
  readonly max: number;
};

export function arrayOf(rules: Rules, { first, rest, min, max }: ArrayParts): GrammarNode {
  let items = rest ? furtherItems(rules, rest, { after: first.length, min, max }) : sequence();
  for (let index = Math.min(first.length, max) - 1; index >= 0; index--) {
    const item = sequence(index === 0 ? "" : comma(rules), first[index] ?? "", items);
    items = rules.add("items", index < min ? item : optional(item));
  }
  return sequence("[", items, "]");
}

type FurtherItems = { readonly after: number } & Pick<ArrayParts, "min" | "max">;

/** Items of one rule that follow `after` other items. */
function furtherItems(
  rules: Rules,
  item: GrammarNode,
  { after, min, max }: FurtherItems,
): GrammarNode {
  const least = Math.max(0, min - after);
  const most = Math.max(0, max - after);
  if (most === 0) return sequence();
  const next = rules.add("further", sequence(comma(rules), item));
  if (after > 0) return repeated(next, least, most);
  const all = sequence(item, repeated(next, Math.max(0, least - 1), most - 1));
  return least === 0 ? optional(all) : all;
}
