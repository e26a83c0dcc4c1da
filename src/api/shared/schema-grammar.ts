// Structured output: OpenAI's response_format, and json_schema and grammar of llama.cpp's server → a grammar or a schema.
// https://platform.openai.com/docs/guides/structured-outputs

import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import type { AskedRequest, AskedSchema, Json } from "../../generation/request.ts";
import { gbnfProblem } from "../../grammar/gbnf-limits.ts";
import { jsonObjectGrammar } from "../../grammar/json-schema.ts";
import type { ParseContext } from "../dialect.ts";
import * as field from "./field-types.ts";
import { invalidValue, notSupported } from "./refusals.ts";

/** Grammars written by hand are much shorter. A longer one could only keep the server busy. */
const MAX_GRAMMAR_CHARS = 65_536;

export const jsonSchema = z
  .union([z.boolean(), z.record(z.string(), z.unknown())], {
    error: "must be a JSON schema: an object, or true",
  })
  .describe("The JSON schema.");

export const ANSWER_FORM = "Constrains the answer to JSON or to a JSON schema.";

/** The description of `strict` beside a schema. */
export const STRICT =
  "Whether to refuse schema keywords that cannot be enforced. Otherwise they are left out and named in x-ignored-params.";

const schemaParts = {
  name: field.withoutEffect(z.string(), "Its name. Ignored."),
  description: field.withoutEffect(z.string(), "Ignored."),
  schema: field.optional(jsonSchema, "The JSON schema."),
  strict: field.flag(STRICT),
};

/** The schema is in `json_schema` (chat completions), or beside the type (responses, llama.cpp's server). All take both. */
export const schemaForm = field.form("json_schema", {
  json_schema: field.optional(
    z.looseObject(schemaParts),
    "For json_schema: the schema and its name.",
  ),
  ...schemaParts,
});

export const grammarFields = {
  response_format: z
    .discriminatedUnion(
      "type",
      [
        field.form("text", {}),
        field.form("json_object", {
          schema: field.optional(jsonSchema, "For json_object: a JSON schema."),
        }),
        schemaForm,
      ],
      { error: "type must be text, json_object or json_schema" },
    )
    .nullish()
    .meta({ default: { type: "text" }, description: ANSWER_FORM }),
  json_schema: field.optional(jsonSchema, "JSON schema of the answer."),
  grammar: field.optional(
    z
      .string()
      .max(MAX_GRAMMAR_CHARS, `must have at most ${MAX_GRAMMAR_CHARS} characters`)
      .superRefine((text, context) => {
        const problem = text.isWellFormed() ? gbnfProblem(text) : "must be valid Unicode";
        if (problem) context.addIssue({ code: "custom", message: `a grammar ${problem}` });
      }),
    "GBNF grammar of the answer, if the server allows it (--allow-grammar).",
  ),
};

type FormatFields = Pick<z.output<z.ZodObject<typeof grammarFields>>, "response_format">;

type GrammarFields = Omit<z.output<z.ZodObject<typeof grammarFields>>, "response_format"> & {
  readonly ignore_eos: boolean;
  readonly min_tokens: number;
};

/** The form of the answer that a field asks for. @param param the field */
export type AnswerForm = { readonly param: string; readonly grammar: string | AskedSchema };

/**
 * @param format the form that the API's own field asks for; null for none
 * @returns the form of the answer: GBNF, or a schema that will be compiled to GBNF; null for free text
 * @throws ServiceError 400 naming the fields that contradict each other
 */
export function grammarOf(
  fields: GrammarFields,
  format: AnswerForm | null,
  context: ParseContext,
): AskedRequest["grammar"] {
  const given = [format, fromSchema(fields), fromText(fields, context)].filter(
    (each) => each !== null,
  );
  const [first, second] = given;
  if (!first) return null;
  if (second)
    throw contradiction(second.param, `${first.param} already sets the form of the answer`);
  if (fields.ignore_eos)
    throw contradiction("ignore_eos", `${first.param} decides where the answer ends`);
  if (fields.min_tokens > 0)
    throw contradiction("min_tokens", `${first.param} decides where the answer ends`);
  return first.grammar;
}

/** The form that OpenAI's `response_format` asks for; null for free text. */
export function formatOf({ response_format: format }: FormatFields): AnswerForm | null {
  if (!format || format.type === "text") return null;
  const param = "response_format";
  if (format.type === "json_schema") return schemaFormOf(format, param);
  const { schema } = format;
  if (schema === undefined || schema === null) return { param, grammar: jsonObjectGrammar() };
  return { param, grammar: schemaAt(schema, `${param}.schema`) };
}

/** @param param path of the format. @throws ServiceError 400 without a schema, or with two */
export function schemaFormOf(
  { json_schema: nested, schema: own, strict }: z.output<typeof schemaForm>,
  param: string,
): AnswerForm {
  const [ownPath, innerPath] = [`${param}.schema`, `${param}.json_schema.schema`];
  const inner = nested?.schema ?? null;
  const isStrict = strict || nested?.strict === true;
  if (inner === null) {
    if (own !== null && own !== undefined)
      return { param, grammar: schemaAt(own, ownPath, isStrict) };
    const message = nested ? `${innerPath} is required` : `${innerPath} or ${ownPath} is required`;
    const path = nested ? innerPath : ownPath;
    throw new ServiceError("missing_parameter", message, { param: path });
  }
  if (own && !isDeepStrictEqual(inner, own))
    throw contradiction(ownPath, `${innerPath} is another schema`);
  return { param, grammar: schemaAt(inner, innerPath, isStrict) };
}

function fromSchema({ json_schema: schema }: GrammarFields): AnswerForm | null {
  if (schema === undefined || schema === null) return null;
  return { param: "json_schema", grammar: schemaAt(schema, "json_schema") };
}

/** llama.cpp tracks every possible parse of a text at once, so a grammar of a few lines can keep it busy forever. */
function fromText({ grammar }: GrammarFields, { allowsGrammar }: ParseContext): AnswerForm | null {
  if (!grammar) return null;
  if (allowsGrammar) return { param: "grammar", grammar };
  throw notSupported(
    "grammar",
    "is disabled on this server (--allow-grammar enables it); use response_format with a JSON schema",
  );
}

/** @param param path of the field that holds the schema. @param isStrict null is not strict. Default: false */
export function schemaAt(
  schema: unknown,
  param: string,
  isStrict: boolean | null = false,
): AskedSchema {
  return { schema: schema as Json, param, isStrict: isStrict === true }; // it came out of JSON
}

function contradiction(param: string, reason: string) {
  return invalidValue(param, `cannot be used here: ${reason}`);
}
