// Compiles all schemas of a request within one budget. Pure, so it runs in the compile thread, in tests, and directly for
// small documents.

import { ServiceError } from "../errors.ts";
import type { AskedArguments, AskedSchema } from "../generation/request.ts";
import { JSON_SYNTAX } from "../generation/syntax.ts";
import { CompileBudget } from "../grammar/compile-budget.ts";
import { sizeProblem } from "../grammar/grammar-cost.ts";
import { type SchemaRulesOptions, schemaRules } from "../grammar/json-schema.ts";
import type { Rules } from "../grammar/rules.ts";
import { SchemaError } from "../grammar/schema-keywords.ts";
import { argumentsObject } from "./arguments-object.ts";
import type { CompiledDocument, SchemaDocument } from "./schema-document.ts";

const ANY_OBJECT = { type: "object" };

/** @throws ServiceError 400 naming the keyword that cannot be enforced, or the tool whose arguments are not an object */
export function compileDocument(
  { answer, tools, syntax = JSON_SYNTAX }: SchemaDocument,
  budget = new CompileBudget(),
): CompiledDocument {
  const answerRules = answer === null ? null : compileAnswer(answer, budget);
  const ignored: string[] = [];
  const compiled = tools.map((asked, index) => {
    const options = { prefix: `tool${index}-`, rule: nameOf(index), syntax, budget };
    return compileArguments(asked, { options, ignored });
  });
  refuseTooLarge(answerRules ? [answerRules, ...compiled] : compiled);
  return {
    grammar: answerRules?.toString() ?? null,
    tools: compiled.map((rules, index) => ({ name: nameOf(index), text: rules.toString() })),
    ignored,
  };
}

function nameOf(index: number): string {
  return `tool${index}-arguments`;
}

function compileAnswer({ schema, param }: AskedSchema, budget: CompileBudget): Rules {
  try {
    return schemaRules(schema, { rule: "root", budget });
  } catch (error) {
    throw asServiceError(error, param);
  }
}

type Compiling = {
  readonly options: SchemaRulesOptions;
  readonly ignored: string[];
};

/** Compiles to the rules of an object: an empty one if the schema has no properties. */
function compileArguments(asked: AskedArguments, { options, ignored }: Compiling): Rules {
  const { param, isStrict } = asked;
  try {
    const schema = argumentsObject(asked);
    return isStrict ? schemaRules(schema, options) : compileLoosely(schema, param, { options, ignored }); // biome-ignore format: one line
  } catch (error) {
    throw asServiceError(error, param);
  }
}

/** Leaves out what cannot be enforced; of a schema that is too much work, everything. */
function compileLoosely(schema: object, param: string, { options, ignored }: Compiling): Rules {
  const paths = new Set<string>();
  try {
    const rules = schemaRules(schema, { ...options, ignored: paths });
    ignored.push(...[...paths].map((path) => clientPath(param, path)));
    return rules;
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    ignored.push(param);
    // An object costs next to nothing, even after the budget is used up.
    return schemaRules(ANY_OBJECT, { ...options, budget: new CompileBudget() });
  }
}

/** Each schema is small enough by itself, but one answer may be any of them. */
function refuseTooLarge(all: readonly Rules[]): void {
  const problem = sizeProblem(all.reduce((sum, { elements }) => sum + elements, 0));
  if (problem === null) return;
  const message = `tools: together they make a grammar that ${problem}`;
  throw new ServiceError("unsupported_schema", message, { param: "tools" });
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
