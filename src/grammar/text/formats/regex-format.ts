// The format "regex" as a regular expression. format-patterns.ts anchors it. Regular expressions nest without limit, so
// this takes two levels of groups, and of the syntax only what ECMAScript with the u flag, Python and Rust have in common.

import { anyNumberOf, either, optional } from "./either.ts";

/** A backslash before a character of the syntax, or one of the letters that all three know. */
const ESCAPE = "\\\\[$()*+./?\\[\\\\\\]^{\\|}dDfnrsStvwW]";
const LITERAL = "[^$()*+.?\\[\\\\\\]^{\\|}]";

/** The ends of a range must be in order. Letters: one of the ends is `a` or `z`, or an automaton would have to remember all. */
const RANGE = either(
  ...Array.from("0123456789", (first) => `${first}-[${first}-9]`),
  ...["A-[A-Z]", "[A-Z]-Z", "a-[a-z]", "[a-z]-z"],
);
/** Rust reads `[`, `&&` and `~~` in a class as operators. */
const CLASS_LITERAL = "[^\\-\\[\\\\\\]^&~]";
const CLASS_MEMBER = either(RANGE, CLASS_LITERAL, ESCAPE, "\\\\-");
const CLASS = `\\[\\^?${either(`-?${CLASS_MEMBER}+-?`, "-")}\\]`;

const UP_TO_99 = "(?:0|[1-9][0-9]?)";
/** The greater number has the greater first digit, or more digits. */
const FROM_TO = either(
  "[0-9],[1-9][0-9]",
  ...Array.from("012345678", (digit) => `${digit},[${Number(digit) + 1}-9]`),
  ...Array.from("12345678", (digit) => `${digit}[0-9],[${Number(digit) + 1}-9][0-9]`),
);
const COUNT = `\\{${either(`${UP_TO_99},?`, FROM_TO)}\\}`;
const QUANTIFIER = `${either("[*+?]", COUNT)}\\??`;
/** No count: nested counts multiply, and validators limit the size. */
const GROUP_QUANTIFIER = "[*+?]\\??";

const ATOM = `${either(LITERAL, "\\.", ESCAPE, CLASS)}${optional(QUANTIFIER)}`;
/** An atom, an assertion, or the bar between two alternatives. */
const PIECE = either(ATOM, "[$^\\|]", "\\\\[bB]");
const GROUP = group(anyNumberOf(PIECE));
const NESTED_GROUP = group(anyNumberOf(either(PIECE, GROUP)));
const LOOKAHEAD = `\\(\\?[=!]${anyNumberOf(PIECE)}\\)`;

/** Bodies without anchors, by format name. */
export const REGEX_FORMATS: Readonly<Record<string, string>> = {
  regex: anyNumberOf(either(PIECE, NESTED_GROUP, LOOKAHEAD)),
};

function group(body: string): string {
  return `\\((?:\\?:)?${body}\\)${optional(GROUP_QUANTIFIER)}`;
}
