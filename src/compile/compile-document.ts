// Compiles all schemas of a request within one budget. Pure, so it runs in the compile thread, in tests, and directly for
// small documents.

import { ServiceError } from "../errors.ts";
import type { AskedSchema, Json } from "../generation/request.ts";
import { JSON_SYNTAX } from "../generation/syntax.ts";
import { CompileBudget } from "../grammar/compile-budget.ts";
import { sizeProblem } from "../grammar/grammar-cost.ts";
import { addSchema, type SchemaRulesOptions } from "../grammar/json-schema.ts";
import { Rules } from "../grammar/rules.ts";
import { SchemaError } from "../grammar/schema-keywords.ts";
import { argumentsObject } from "./arguments-object.ts";
import { outlineOf } from "./outline.ts";
import { argumentsRule, type CompiledDocument, type SchemaDocument } from "./schema-document.ts";

/** Units for the outline of a schema that is too much work. */
const OUTLINE_UNITS = 10_000;
/** Units for its type, if the outline is too much work too. */
const TYPE_UNITS = 200;

/** @throws ServiceError 400 naming the keyword that cannot be enforced, or the tool whose arguments are not an object */
export function compileDocument(
  { answer, tools, syntax = JSON_SYNTAX, isOpen = false }: SchemaDocument,
  budget = new CompileBudget(),
): CompiledDocument {
  const ignored: string[] = [];
  const answerRules = answer && new Rules({ budget });
  if (answerRules) {
    const options = { rule: "root", refusesMistakes: true, isOpen };
    compileSchema(answer, answer.schema, { rules: answerRules, options, ignored });
  }
  // All tools share one grammar, because tools of one program often have equal parts.
  const rules = new Rules({ prefix: "tools-", syntax, budget });
  for (const [index, asked] of tools.entries()) {
    const options = { rule: argumentsRule(index), isOpen };
    compileSchema(asked, argumentsObject(asked), { rules, options, ignored });
  }
  refuseTooLarge(rules.elements + (answerRules?.elements ?? 0));
  return { grammar: answerRules?.toString() ?? null, toolRules: rules.toString(), ignored };
}

type Compiling = {
  readonly rules: Rules;
  readonly options: SchemaRulesOptions;
  readonly ignored: string[];
};

function compileSchema(
  { param, isStrict }: AskedSchema,
  schema: Json,
  { rules, options, ignored }: Compiling,
): void {
  try {
    if (isStrict) addSchema(rules, schema, options);
    else ignored.push(...addLoosely(rules, schema, options).map((path) => clientPath(param, path)));
  } catch (error) {
    throw asServiceError(error, param);
  }
}

/**
 * Leaves out keywords that cannot be enforced. If the schema is too much work, only its outline is enforced.
 * @returns paths of what is left out
 */
function addLoosely(rules: Rules, schema: Json, options: SchemaRulesOptions): readonly string[] {
  const paths = new Set<string>();
  try {
    addSchema(rules, schema, { ...options, ignored: paths });
    return [...paths];
  } catch (error) {
    const isTooMuch =
      error instanceof RangeError ||
      (error instanceof SchemaError && !(error.isMistake && options.refusesMistakes));
    if (!isTooMuch) throw error;
    addOutline(rules, schema, { ...options, ignored: new Set() });
    return [""];
  }
}

function addOutline(rules: Rules, schema: Json, options: SchemaRulesOptions): void {
  const { members, type } = outlineOf(schema);
  rules.budget.allow(OUTLINE_UNITS);
  try {
    addSchema(rules, members, options);
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    rules.budget.allow(TYPE_UNITS);
    addSchema(rules, type, options);
  }
}

/** Each schema is small enough by itself, but one answer may be any of them. */
function refuseTooLarge(elements: number): void {
  const problem = sizeProblem(elements);
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
