// All JSON schemas of one request as one document that is compiled together. Plain data, so it can cross threads.

import type {
  ArgumentRules,
  AskedArguments,
  AskedRequest,
  AskedSchema,
} from "../generation/request.ts";
import type { Syntax } from "../generation/syntax.ts";

export type SchemaDocument = {
  /** Schema of the answer; null if there is none. */
  readonly answer: AskedSchema | null;
  readonly tools: readonly AskedArguments[];
  /** In which the model writes the arguments of tools. Default: JSON. */
  readonly syntax?: Syntax;
};

export type CompiledDocument = {
  /** GBNF of the answer; null if it has no schema. */
  readonly grammar: string | null;
  readonly tools: readonly ArgumentRules[];
  /** Keywords that are not enforced, with paths as the client would write them. */
  readonly ignored: readonly string[];
};

/** Null for a request without schemas. */
export function documentOf({ prompt, grammar }: AskedRequest): SchemaDocument | null {
  const answer = grammar === null || typeof grammar === "string" ? null : grammar;
  const use = prompt.type === "messages" ? prompt.tools : null;
  if (answer === null && use === null) return null;
  return { answer, tools: use?.tools.map(({ parameters }) => parameters) ?? [] };
}
