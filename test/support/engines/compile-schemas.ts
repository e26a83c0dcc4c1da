// Compiles schemas in this process, the way the service does between a dialect and the engine.

import type { ParsedRequest } from "../../../src/api/dialect.ts";
import { compileDocument } from "../../../src/compile/compile-document.ts";
import { compiledRequest, NO_SCHEMAS } from "../../../src/compile/compiled-request.ts";
import { argumentsRule, documentOf } from "../../../src/compile/schema-document.ts";
import type { GenerateRequest, Json, Tool } from "../../../src/generation/request.ts";
import { JSON_SYNTAX, type Syntax } from "../../../src/generation/syntax.ts";

type CompiledParse = Omit<ParsedRequest, "requests"> & {
  readonly requests: readonly GenerateRequest[];
};

/** Converts a parsed request to what the engine gets, with all ignored fields. @throws ServiceError 400 */
export function compiled(parsed: ParsedRequest): CompiledParse {
  const [request] = parsed.requests;
  const document = request ? documentOf(request) : null;
  const found = document ? compileDocument(document) : NO_SCHEMAS;
  return {
    ...parsed,
    requests: parsed.requests.map((each) =>
      compiledRequest(each, { compiled: found, keepChangingLines: false }),
    ),
    ignoredParams: [...parsed.ignoredParams, ...found.ignored],
  };
}

/** @param schemas of the tools' arguments, by name. @returns the tools, and the grammar of their arguments */
export function compiledTools(
  schemas: Readonly<Record<string, Json>>,
  syntax: Syntax = JSON_SYNTAX,
): { readonly tools: readonly Tool[]; readonly rules: string } {
  const asked = Object.values(schemas).map((schema) => ({ schema, param: "", isStrict: true }));
  const { toolRules } = compileDocument({ answer: null, tools: asked, syntax });
  const tools = Object.keys(schemas).map((name, index) => ({
    name,
    definition: { name },
    rule: argumentsRule(index),
  }));
  return { tools, rules: toolRules };
}
