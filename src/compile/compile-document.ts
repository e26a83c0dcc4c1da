// Compiles all schemas of a request within one budget. Pure, so it runs in the compile thread, in tests, and directly for
// small documents.

import { ServiceError } from "../errors.ts";
import type { ArgumentRules, AskedArguments, AskedSchema, Json } from "../generation/request.ts";
import { CompileBudget } from "../grammar/compile-budget.ts";
import { schemaGrammar, schemaRules } from "../grammar/json-schema.ts";
import { type LooseningBudget, loosenSchema } from "../grammar/loosen-schema.ts";
import { SchemaError } from "../grammar/schema-keywords.ts";
import { argumentsObject } from "./arguments-object.ts";
import type { CompiledArguments, CompiledDocument, SchemaDocument } from "./schema-document.ts";

/** Each refusal is found by compiling again; all tools of a request together may use this many attempts. */
const MOST_LOOSENED = 50;

/** @throws ServiceError 400 naming the keyword that cannot be enforced, or the tool whose arguments are not an object */
export function compileDocument(
  { answer, tools }: SchemaDocument,
  budget = new CompileBudget(),
): CompiledDocument {
  const grammar = answer === null ? null : answerGrammar(answer, budget);
  const ignored: string[] = [];
  const loosening: LooseningBudget = { left: MOST_LOOSENED };
  const compiled = tools.map((asked, index) =>
    compileArguments(asked, { index, budget, loosening, ignored }),
  );
  return { grammar, tools: compiled, ignored };
}

function answerGrammar({ schema, param }: AskedSchema, budget: CompileBudget): string {
  try {
    return schemaGrammar(schema, budget);
  } catch (error) {
    throw asServiceError(error, param);
  }
}

type Compiling = {
  readonly index: number;
  readonly budget: CompileBudget;
  readonly loosening: LooseningBudget;
  readonly ignored: string[];
};

/** Compiles to the rules of an object: an empty one if the schema has no properties. */
function compileArguments(asked: AskedArguments, compiling: Compiling): CompiledArguments {
  const { param, isStrict } = asked;
  const { budget, loosening, ignored, index } = compiling;
  const rulesOf = (schema: object) => argumentRules(schema, index, budget);
  try {
    const schema = argumentsObject(asked);
    if (isStrict) return { parameters: schema as Json, rules: rulesOf(schema) };
    const loose = loosenSchema(schema, rulesOf, loosening);
    ignored.push(...loose.ignored.map((path) => clientPath(param, path)));
    // The remaining schema costs next to nothing, even after the budget is used up.
    const rules = loose.compiled ?? argumentRules(loose.schema, index, new CompileBudget());
    return { parameters: loose.schema as Json, rules };
  } catch (error) {
    throw asServiceError(error, param);
  }
}

function argumentRules(schema: object, index: number, budget: CompileBudget): ArgumentRules {
  const name = `tool${index}-arguments`;
  const rules = schemaRules(schema, { prefix: `tool${index}-`, rule: name, budget });
  return { name, text: rules.toString(), elements: rules.elements };
}

function asServiceError(error: unknown, param: string): unknown {
  // Schemas and patterns are processed recursively, so a long chain of references can exhaust the stack.
  if (error instanceof RangeError)
    return new ServiceError("unsupported_schema", `${param} is nested too deeply`, { param });
  if (!(error instanceof SchemaError)) return error;
  const where = clientPath(param, error.path);
  return new ServiceError("unsupported_schema", `${where}: ${error.message}`, {
    param: where,
    cause: error,
  });
}

/** The path as a client would write it. Behind a reference, a path begins with a pointer such as `#/$defs/a`. */
function clientPath(param: string, path: string): string {
  const [first = "", ...rest] = path.split(".");
  const names = first.startsWith("#") ? first.slice(1).split("/") : [first];
  return [param, ...names.filter((name) => name !== ""), ...rest].join(".");
}
