// All JSON schemas of one request as one document that is compiled together. Plain data, so it can cross threads.

import type {
  ArgumentRules,
  AskedArguments,
  AskedRequest,
  AskedSchema,
  Json,
} from "../generation/request.ts";

export type SchemaDocument = {
  /** Schema of the answer; null if there is none. */
  readonly answer: AskedSchema | null;
  readonly tools: readonly AskedArguments[];
};

export type CompiledDocument = {
  /** GBNF of the answer; null if it has no schema. */
  readonly grammar: string | null;
  readonly tools: readonly CompiledArguments[];
  /** Keywords that are not enforced, with paths as the client would write them. */
  readonly ignored: readonly string[];
};

export type CompiledArguments = {
  /** Without anything that cannot be enforced. */
  readonly parameters: Json;
  readonly rules: ArgumentRules;
};

export function documentOf({ prompt, grammar }: AskedRequest): SchemaDocument | null {
  const answer = grammar === null || typeof grammar === "string" ? null : grammar;
  const use = prompt.type === "messages" ? prompt.tools : null;
  if (answer === null && use === null) return null;
  return { answer, tools: use?.tools.map(({ parameters }) => parameters) ?? [] };
}
