// What there is to know of how a model family writes a call of a tool, and what several of them share.

import { literal } from "../../grammar/rules.ts";
import type { Syntax } from "../../grammar/syntax.ts";

export type Marker = {
  readonly text: string;
  /** It counts only where nothing but white space came before. */
  readonly isAtStart: boolean;
};

/** GBNF of one tool: its name in quotes of GBNF (no others), and the rule of its arguments. */
export type CallRules = { readonly name: string; readonly args: string };

export type ToolFormat = {
  readonly name: string;
  readonly isOf: (template: string) => boolean;
  /** What begins a call, among text. */
  readonly openers: (toolNames: readonly string[]) => readonly Marker[];
  /** Found in what follows, it ends right before the arguments; its only group is the tool's name. */
  readonly header: RegExp;
  /** After it comes text again; null where nothing but calls follows a call. */
  readonly closer: string | null;
  /** How arguments are written. */
  readonly syntax: Syntax;
  /** Texts without a meaning for the reader. */
  readonly dropped: readonly Marker[];
  /** Control tokens that are part of it: all others have no text. */
  readonly controlTexts: readonly string[];
  /** A call as the model should write it, for those whose template cannot tell them. */
  readonly example?: string;
  readonly grammar: {
    /** What comes before the first call if the answer has to be one. */
    readonly lead: string;
    readonly begin: string;
    readonly call: (rules: CallRules) => string;
    /** Null where an answer holds one call at most. */
    readonly between: string | null;
    readonly end: string;
  };
};

/** White space that models put between the pieces, but not without end. */
export const GAP = "[ \\n\\t]{0,4}";
export const SPACE = '" "?';

export const anywhere = (...texts: string[]): Marker[] =>
  texts.map((text) => ({ text, isAtStart: false }));
export const atStart = (...texts: string[]): Marker[] =>
  texts.map((text) => ({ text, isAtStart: true }));

/** `{"name": "x", "arguments": {...}`, without what closes it. */
export function jsonCall({ name, args }: CallRules, key: "arguments" | "parameters"): string {
  return [
    literal("{"),
    GAP,
    literal('"name":'),
    SPACE,
    literal('"'),
    name,
    literal('",'),
    SPACE,
    literal(`"${key}":`),
    SPACE,
    args,
  ].join(" ");
}
