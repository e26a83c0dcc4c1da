// JSON itself as grammar rules.

import { complement, rangeOf } from "./char-ranges.ts";
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
import { anyNumber } from "./numbers/any-number.ts";
import type { Rules } from "./rules.ts";
import { regExpNode } from "./text/pattern/regexp-node.ts";

const JSON_CHAR = regExpNode(String.raw`[^"\\\x00-\x1F]|\\(["\\/bfnrt]|u[0-9a-fA-F]{4})`);
const NAME = regExpNode("[a-zA-Z_][a-zA-Z0-9_-]{0,63}");

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
  return charClass(complement([rangeOf(char)]));
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
  return rules.shared(`string ${min} ${max}`, () =>
    rules.add("string", quoted(rules, repeated(stringChar(rules), min, max))),
  );
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
  return rules.once("object", () => {
    const member = memberOf(rules, anyName(rules), anyValue(rules));
    return sequence("{", optional(member, anyNumberOf(comma(rules), member)), "}");
  });
}

export function anyArray(rules: Rules): GrammarNode {
  return rules.once("array", () => {
    const item = anyValue(rules);
    return sequence("[", optional(item, anyNumberOf(comma(rules), item)), "]");
  });
}

export function memberOf(rules: Rules, name: GrammarPart, value: GrammarPart): GrammarNode {
  return sequence(name, ":", whitespace(rules), value);
}

export function comma(rules: Rules): GrammarNode {
  return sequence(",", whitespace(rules));
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
