// The type of a tool call format, and helpers that several formats share.

import { JSON_SYNTAX, type Syntax } from "../../generation/syntax.ts";
import { type GrammarNode, type GrammarPart, optional, sequence } from "../../grammar/nodes.ts";
import { regExpNode } from "../../grammar/text/pattern/regexp-node.ts";

export type Marker = {
  readonly text: string;
  /** Whether it counts only if nothing but white space came before it. */
  readonly isAtStart: boolean;
};

/** One tool: its name, and the rule of its arguments. */
export type CallRules = { readonly name: string; readonly args: GrammarNode };

export type ToolFormat = {
  readonly name: string;
  readonly isUsedBy: (template: string) => boolean;
  /** Markers that start a call within text. */
  readonly openers: (toolNames: readonly string[]) => readonly Marker[];
  /** Matches from the start of a call up to its arguments; its only group is the tool's name. */
  readonly header: RegExp;
  /** Marker after which text may follow; null if only calls can follow a call. */
  readonly closer: string | null;
  /** Syntax of the arguments. */
  readonly syntax: Syntax;
  /** Markers that are removed from the text. */
  readonly dropped?: readonly Marker[];
  /** Control tokens of the format; all other control tokens are decoded to no text. */
  readonly controlTexts: readonly string[];
  /** A call as the model should write it, for templates that do not describe tools. */
  readonly example?: string;
  readonly grammar: {
    /** Comes before the first call if the answer must be a call. */
    readonly lead?: string;
    readonly begin?: GrammarPart;
    readonly call: (rules: CallRules) => GrammarNode;
    /** Null if an answer can hold only one call. */
    readonly between: GrammarPart | null;
    readonly end?: GrammarPart;
  };
};

type FormatDetails = Pick<ToolFormat, "name" | "isUsedBy" | "openers" | "header" | "grammar"> &
  Partial<ToolFormat>;

/** Completes a format: its arguments are JSON and it has no further texts, unless the details say otherwise. */
export function withDefaults(details: FormatDetails): ToolFormat {
  return { closer: null, syntax: JSON_SYNTAX, dropped: [], controlTexts: [], ...details };
}

/** White space that models put between elements, limited so that it ends. */
export const GAP = regExpNode("[ \\n\\t]{0,4}");
export const SPACE = optional(" ");

export const anywhere = (...texts: string[]): Marker[] =>
  texts.map((text) => ({ text, isAtStart: false }));
export const atStart = (...texts: string[]): Marker[] =>
  texts.map((text) => ({ text, isAtStart: true }));

/** `{"name": "x", "arguments": {...}`, without the closing brace. */
export function jsonCall({ name, args }: CallRules): GrammarNode {
  return sequence("{", GAP, '"name":', SPACE, `"${name}",`, SPACE, '"arguments":', SPACE, args);
}
