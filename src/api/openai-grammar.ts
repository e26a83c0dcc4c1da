// Structured output: response_format, and json_schema and grammar as llama.cpp's server has them → GBNF.
// https://platform.openai.com/docs/guides/structured-outputs

import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { ServiceError } from "../errors.ts";
import type { Json } from "../generation/request.ts";
import { gbnfProblem } from "../grammar/gbnf-limits.ts";
import { jsonObjectGrammar, schemaGrammar } from "../grammar/json-schema.ts";
import { type LooseningBudget, loosened } from "../grammar/loosened.ts";
import { SchemaError } from "../grammar/schema-keywords.ts";
import { withoutEffect } from "./contract.ts";
import type { ParseContext } from "./dialect.ts";

/** A grammar that is written by hand is short; a longer one would only be there to keep the server busy. */
const MAX_GRAMMAR_CHARS = 65_536;

export const jsonSchema = z.union([z.boolean(), z.record(z.string(), z.unknown())], {
  error: "a JSON schema: an object, or true",
});

export const grammarFields = {
  response_format: z
    .discriminatedUnion(
      "type",
      [
        z.looseObject({ type: z.literal("text") }),
        z.looseObject({ type: z.literal("json_object"), schema: jsonSchema.nullish() }),
        z.looseObject({
          type: z.literal("json_schema"),
          json_schema: z.looseObject({
            name: withoutEffect(z.string().min(1).max(64).nullish()),
            description: withoutEffect(z.string().nullish()),
            schema: jsonSchema,
            strict: withoutEffect(z.boolean().nullish()), // strict or not, the answer is of the schema
          }),
        }),
      ],
      { error: "type is text, json_object or json_schema" },
    )
    .nullish()
    .meta({ default: { type: "text" } }),
  json_schema: jsonSchema.nullish(),
  grammar: z
    .string()
    .max(MAX_GRAMMAR_CHARS, `at most ${MAX_GRAMMAR_CHARS} characters`)
    .superRefine((text, context) => {
      const problem = text.isWellFormed() ? gbnfProblem(text) : "is valid Unicode";
      if (problem) context.addIssue({ code: "custom", message: `a grammar ${problem}` });
    })
    .nullish(),
};

type GrammarFields = z.output<z.ZodObject<typeof grammarFields>> & {
  readonly ignore_eos: boolean;
  readonly min_tokens: number;
};

/**
 * @returns what the answer has to be, as GBNF; null when it may be anything
 * @throws ServiceError 400 naming the keyword that cannot be enforced, or the fields that contradict each other
 */
export function grammarOf(fields: GrammarFields, context: ParseContext): string | null {
  const given = [fromFormat(fields), fromSchema(fields), fromText(fields, context)].filter(
    (each) => each !== null,
  );
  const [first, second] = given;
  if (!first) return null;
  if (second) throw contradiction(second.param, `${first.param} already says what the answer is`);
  if (fields.ignore_eos)
    throw contradiction("ignore_eos", `with ${first.param} the answer has an end`);
  if (fields.min_tokens > 0)
    throw contradiction("min_tokens", `with ${first.param} the answer ends where it is complete`);
  return first.grammar();
}

type Source = { readonly param: string; readonly grammar: () => string };

function fromFormat({ response_format: format }: GrammarFields): Source | null {
  if (!format || format.type === "text") return null;
  const param = "response_format";
  if (format.type === "json_schema") {
    const { schema } = format.json_schema;
    return { param, grammar: () => grammarOfSchema(schema, `${param}.json_schema.schema`) };
  }
  const { schema } = format;
  if (schema === undefined || schema === null) return { param, grammar: jsonObjectGrammar };
  return { param, grammar: () => grammarOfSchema(schema, `${param}.schema`) };
}

function fromSchema({ json_schema: schema }: GrammarFields): Source | null {
  if (schema === undefined || schema === null) return null;
  return { param: "json_schema", grammar: () => grammarOfSchema(schema, "json_schema") };
}

/** llama.cpp follows every way to read a text at once: a few lines suffice to keep it busy for ever. */
function fromText({ grammar }: GrammarFields, { allowsGrammar }: ParseContext): Source | null {
  if (!grammar) return null;
  if (allowsGrammar) return { param: "grammar", grammar: () => grammar };
  throw new ServiceError(
    "unsupported_parameter",
    "grammar is off on this server (--allow-grammar); response_format takes a JSON schema",
    { param: "grammar" },
  );
}

/**
 * @param param where the client wrote the schema
 * @throws ServiceError 400 naming the keyword that cannot be enforced
 */
export function grammarOfSchema(schema: unknown, param: string): string {
  try {
    return schemaGrammar(schema);
  } catch (error) {
    throw asServiceError(error, param);
  }
}

export type ArgumentsOptions = {
  readonly param: string;
  /** Whether what cannot be enforced is refused; else it is left out, and named. */
  readonly isStrict: boolean;
  /** Of all tools of a request together. */
  readonly budget: LooseningBudget;
};

/**
 * Of a tool's arguments: always an object, and an empty one where the schema has no properties.
 * @returns the schema with nothing in it that cannot be enforced, and what was left out
 * @throws ServiceError 400 naming the keyword
 */
export function argumentsSchema(
  schema: object | null,
  { param, isStrict, budget }: ArgumentsOptions,
) {
  const asObject = ofObject((schema ?? { properties: {} }) as JsonObject, param);
  try {
    if (!isStrict) {
      const { schema: loose, ignored } = loosened(asObject, schemaGrammar, budget);
      return { parameters: loose as Json, ignored: ignored.map((path) => located(param, path)) };
    }
    schemaGrammar(asObject);
    return { parameters: asObject as Json, ignored: [] };
  } catch (error) {
    throw asServiceError(error, param);
  }
}

type JsonObject = { readonly [name: string]: unknown };

function ofObject(schema: JsonObject, param: string): JsonObject {
  if (!isOfObject(schema, schema, MOST_STEPS)) {
    const where = schema.type === undefined ? param : `${param}.type`;
    throw new ServiceError("invalid_value", `${where}: arguments are an object`, { param: where });
  }
  const { type: _, ...rest } = schema;
  if (ELSEWHERE.some((keyword) => Object.hasOwn(schema, keyword))) return rest;
  const isEmpty = isDeepStrictEqual(schema.properties, {});
  return { ...(isEmpty ? { additionalProperties: false } : {}), ...rest, type: "object" };
}

/** Keywords that may say elsewhere that it is an object. */
const ELSEWHERE = ["$ref", "anyOf", "oneOf", "allOf"];
const MOST_STEPS = 20;

/** Whether nothing but objects is of the schema: it says so itself, or what it refers to does. */
function isOfObject(schema: unknown, root: JsonObject, stepsLeft: number): boolean {
  if (typeof schema !== "object" || schema === null || stepsLeft === 0) return false;
  const { type, $ref, anyOf, oneOf, allOf } = schema as JsonObject;
  if (type !== undefined) return isDeepStrictEqual([type].flat(), ["object"]);
  if (typeof $ref === "string") return isOfObject(referred($ref, root), root, stepsLeft - 1);
  const branches = anyOf ?? oneOf ?? allOf;
  if (!Array.isArray(branches)) return schema === root || Object.hasOwn(schema, "properties");
  return branches.every((branch) => isOfObject(branch, root, stepsLeft - 1));
}

function referred(ref: string, root: JsonObject): unknown {
  const names = ref.startsWith("#/") ? ref.slice(2).split("/") : [];
  let at: unknown = names.length > 0 ? root : null;
  for (const name of names) {
    const isHolder = typeof at === "object" && at !== null && Object.hasOwn(at, name);
    at = isHolder ? (at as JsonObject)[name] : null;
  }
  return at;
}

function asServiceError(error: unknown, param: string): unknown {
  // Schemas and patterns are followed by recursion: a chain of references may be as long as the stack is deep.
  if (error instanceof RangeError)
    return new ServiceError("unsupported_schema", `${param} is nested too deep`, { param });
  if (!(error instanceof SchemaError)) return error;
  const where = located(param, error.path);
  return new ServiceError("unsupported_schema", `${where}: ${error.message}`, {
    param: where,
    cause: error,
  });
}

/** The path as a client would write it: behind a reference it begins with a pointer, `#/$defs/a`. */
function located(param: string, path: string): string {
  const [first = "", ...rest] = path.split(".");
  const names = first.startsWith("#") ? first.slice(1).split("/") : [first];
  return [param, ...names.filter((name) => name !== ""), ...rest].join(".");
}

function contradiction(param: string, reason: string): ServiceError {
  return new ServiceError("invalid_value", `${param} cannot be used here: ${reason}`, { param });
}
