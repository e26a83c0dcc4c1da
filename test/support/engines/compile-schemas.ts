// Compiles schemas in this process, the way the service does between a dialect and the engine.

import type { ParsedRequest } from "../../../src/api/dialect.ts";
import { compileDocument } from "../../../src/compile/compile-document.ts";
import { compiledRequest, NO_SCHEMAS } from "../../../src/compile/compiled-request.ts";
import { documentOf } from "../../../src/compile/schema-document.ts";
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

type ToolOptions = {
  /** Index of the tool in its request. */
  readonly index?: number;
  readonly syntax?: Syntax;
};

export function compiledTool(
  name: string,
  schema: Json,
  { index = 0, syntax = JSON_SYNTAX }: ToolOptions = {},
): Tool {
  const asked = { schema, param: "", isStrict: true };
  const tools = Array(index + 1).fill(asked);
  const rules = compileDocument({ answer: null, tools, syntax }).tools[index];
  if (!rules) throw new Error("a tool was not compiled");
  return { name, definition: { name }, rules };
}
