// All JSON schemas of one request, as one document that is compiled together: plain data that crosses to a thread, and back.

import type {
  ArgumentRules,
  AskedArguments,
  AskedRequest,
  AskedSchema,
  Json,
} from "../generation/request.ts";

export type SchemaDocument = {
  /** Of the answer; null when there is none. */
  readonly answer: AskedSchema | null;
  readonly tools: readonly AskedArguments[];
};

export type CompiledDocument = {
  /** GBNF of the answer; null when there was no schema of it. */
  readonly grammar: string | null;
  /** In the order of the document. */
  readonly tools: readonly CompiledArguments[];
  /** Keywords that are not enforced, as the client would name them. */
  readonly ignored: readonly string[];
};

export type CompiledArguments = {
  /** With nothing in it that cannot be enforced. */
  readonly parameters: Json;
  readonly rules: ArgumentRules;
};

/** Null for a request without schemas. */
export function documentOf({ prompt, grammar }: AskedRequest): SchemaDocument | null {
  const answer = grammar === null || typeof grammar === "string" ? null : grammar;
  const use = prompt.type === "messages" ? prompt.tools : null;
  if (answer === null && use === null) return null;
  return { answer, tools: use?.tools.map(({ parameters }) => parameters) ?? [] };
}
