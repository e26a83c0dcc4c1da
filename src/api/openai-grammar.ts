// Structured output: response_format, and json_schema and grammar as llama.cpp's server has them → GBNF.
// https://platform.openai.com/docs/guides/structured-outputs

import { z } from "zod";
import { ServiceError } from "../errors.ts";
import { gbnfProblem } from "../grammar/gbnf-limits.ts";
import { jsonObjectGrammar, schemaGrammar, schemaRules } from "../grammar/json-schema.ts";
import { loosened } from "../grammar/loosened.ts";
import { SchemaError } from "../grammar/schema-keywords.ts";
import type { ParseContext } from "./dialect.ts";

/** A grammar that is written by hand is short; a longer one would only be there to keep the server busy. */
const MAX_GRAMMAR_CHARS = 65_536;

const jsonSchema = z.union([z.boolean(), z.record(z.string(), z.unknown())], {
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
            name: z.string().min(1).max(64).nullish(),
            description: z.string().nullish(),
            schema: jsonSchema,
            strict: z.boolean().nullish(), // strict or not, the answer is of the schema
          }),
        }),
      ],
      { error: "type is text, json_object or json_schema" },
    )
    .nullish(),
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
    return { param, grammar: () => compiled(schema, `${param}.json_schema.schema`) };
  }
  const { schema } = format;
  if (schema === undefined || schema === null) return { param, grammar: jsonObjectGrammar };
  return { param, grammar: () => compiled(schema, `${param}.schema`) };
}

function fromSchema({ json_schema: schema }: GrammarFields): Source | null {
  if (schema === undefined || schema === null) return null;
  return { param: "json_schema", grammar: () => compiled(schema, "json_schema") };
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

function compiled(schema: unknown, param: string): string {
  try {
    return schemaGrammar(schema);
  } catch (error) {
    throw asServiceError(error, param);
  }
}

export type ArgumentsOptions = {
  /** Begins the names of all rules, so that several grammars can be joined. */
  readonly prefix: string;
  readonly param: string;
  /** Whether what cannot be enforced is refused; else it is left out, and named. */
  readonly isStrict: boolean;
};

/** Of a tool's arguments: always an object, and none at all where there is no schema. */
export function compiledArguments(schema: object | null, options: ArgumentsOptions) {
  const { prefix, param, isStrict } = options;
  const given: unknown = schema ?? { type: "object", additionalProperties: false };
  const { type } = given as { readonly type?: unknown };
  if (type !== undefined && type !== "object") {
    const where = `${param}.type`;
    throw new ServiceError("invalid_value", `${where}: arguments are an object`, { param: where });
  }
  const asObject = { ...(given as object), ...(hasRef(given) ? {} : { type: "object" }) };
  const rule = `${prefix}arguments`;
  try {
    const compile = (loose: unknown) => schemaRules(loose, { prefix, rule });
    if (isStrict) return { grammar: compile(asObject), rule, ignored: [] };
    const { result, ignored } = loosened(asObject, compile);
    return { grammar: result, rule, ignored: ignored.map((path) => located(param, path)) };
  } catch (error) {
    throw asServiceError(error, param);
  }
}

/** Where the type is said elsewhere. */
function hasRef(schema: unknown): boolean {
  return ["$ref", "anyOf", "oneOf", "allOf"].some((keyword) =>
    Object.hasOwn(schema as object, keyword),
  );
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
