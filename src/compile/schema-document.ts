// All JSON schemas of one request as one document that is compiled together. Plain data, so it can cross threads.

import type { AskedRequest, AskedSchema } from "../generation/request.ts";
import type { Syntax } from "../generation/syntax.ts";

export type SchemaDocument = {
  /** Schema of the answer; null if there is none. */
  readonly answer: AskedSchema | null;
  readonly tools: readonly AskedSchema[];
  /** The syntax of tool arguments in the model's output. Default: JSON. */
  readonly syntax?: Syntax;
  /** Whether objects may have members that their schema neither declares nor excludes. Default: false. */
  readonly isOpen?: boolean;
};

export type CompiledDocument = {
  /** GBNF of the answer; null if it has no schema. */
  readonly grammar: string | null;
  /** GBNF of the arguments of all tools, one rule per line. */
  readonly toolRules: string;
  /** Keywords that are not enforced, with paths as the client would write them. */
  readonly ignored: readonly string[];
};

/** Name of the rule of a tool's arguments. @param index of the tool in the document */
export function argumentsRule(index: number): string {
  return `tool${index}-arguments`;
}

/** Null for a request without schemas. */
export function documentOf({ prompt, grammar }: AskedRequest): SchemaDocument | null {
  const answer = grammar === null || typeof grammar === "string" ? null : grammar;
  const use = prompt.type === "messages" ? prompt.tools : null;
  if (answer === null && use === null) return null;
  return { answer, tools: use?.tools.map(({ parameters }) => parameters) ?? [] };
}
