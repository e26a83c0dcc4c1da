// Writes characters of a text as they appear inside quotes, escaped if the syntax requires it.

import { type CharRange, complement, rangeOf, without } from "../../char-ranges.ts";
import { stringChar } from "../../json.ts";
import { charClass, choice, type GrammarNode, type GrammarPart, sequence } from "../../nodes.ts";
import type { Rules } from "../../rules.ts";

/** Characters with a short escape in JSON, and the letter of the escape. */
const SHORT_ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x22, '"'],
  [0x5c, "\\"],
  [0x08, "b"],
  [0x09, "t"],
  [0x0a, "n"],
  [0x0c, "f"],
  [0x0d, "r"],
]);
const CONTROLS: readonly CharRange[] = [[0, 0x1f]];
const ESCAPED: readonly CharRange[] = [...CONTROLS, [0x22, 0x22], [0x5c, 0x5c]];
const ALL_BUT_SURROGATES = String([
  [0, 0xd7ff],
  [0xe000, 0x10ffff],
]);
/** A class with more ranges or escapes becomes a separate rule. */
const MOST_INLINE = 4;

/** One character of the ranges, which are sorted and do not touch. There must be at least one. */
export function charNode(rules: Rules, ranges: readonly CharRange[]): GrammarNode {
  rules.budget.spend(1 + ranges.length / 4);
  const key = ranges.join();
  return rules.shared(`character ${key}`, () =>
    key === ALL_BUT_SURROGATES ? stringChar(rules) : newCharNode(rules, ranges),
  );
}

function newCharNode(rules: Rules, ranges: readonly CharRange[]): GrammarNode {
  const node = rules.syntax.hasEscapes ? escapedChar(ranges) : charClass(ranges);
  const size = node.type === "char" ? node.ranges.length : ranges.length + MOST_INLINE;
  return node.type === "literal" || size <= MOST_INLINE ? node : rules.add("chars", node);
}

/** The only character of the ranges, if it is written in one way; otherwise null. */
export function onlyCode(ranges: readonly CharRange[]): number | null {
  const [[from, to] = [0, 0]] = ranges;
  const isLong = from < 0x20 && !SHORT_ESCAPES.has(from);
  return ranges.length === 1 && from === to && !isLong ? from : null;
}

/** The text as it is written inside quotes. */
export function writtenText(rules: Rules, codes: readonly number[]): string {
  if (!rules.syntax.hasEscapes) return String.fromCodePoint(...codes);
  return JSON.stringify(String.fromCodePoint(...codes)).slice(1, -1);
}

function escapedChar(ranges: readonly CharRange[]): GrammarNode {
  const plain = without(ranges, ESCAPED);
  const controls = without(ranges, complement(ESCAPED)).flatMap(([from, to]) =>
    Array.from({ length: to - from + 1 }, (_, index) => from + index),
  );
  const letters = controls.flatMap((code) => SHORT_ESCAPES.get(code) ?? []);
  const long = controls.filter((code) => !SHORT_ESCAPES.has(code));
  const escapes: GrammarPart[] = [
    ...(letters.length > 0 ? [charClass(letters.map(rangeOf))] : []),
    ...(long.length > 0 ? [longEscapes(long)] : []),
  ];
  const options: GrammarPart[] = plain.length > 0 ? [charClass(plain)] : [];
  if (escapes.length > 0) options.push(sequence("\\", choice(...escapes)));
  return choice(...options);
}

/** Four hexadecimal digits, the last in either case. */
function longEscapes(codes: readonly number[]): GrammarNode {
  const byTens = [0, 1].flatMap((ten) => {
    const digits = codes
      .filter((code) => code >> 4 === ten)
      .flatMap((code) => {
        const digit = (code % 16).toString(16);
        return [digit, digit.toUpperCase()];
      });
    if (digits.length === 0) return [];
    return [sequence(`u00${ten}`, charClass(digits.map(rangeOf)))];
  });
  return choice(...byTens);
}
