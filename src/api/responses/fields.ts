// Body schema of POST /v1/responses. https://platform.openai.com/docs/api-reference/responses/create

import { z } from "zod";
import { reasoningFields } from "../openai/reasoning.ts";
import * as field from "../shared/field-types.ts";
import { sharedFields } from "../shared/fields.ts";
import { ANSWER_FORM, schemaForm } from "../shared/schema-grammar.ts";
import { cacheOptionsField } from "./diagnostics.ts";
import { input, inputBody } from "./items.ts";
import { responsesToolFields } from "./tools.ts";

/** The value of `include` that adds something to an answer. */
export const INCLUDED_LOGPROBS = "message.output_text.logprobs";

const {
  n: _one,
  return_progress: _none,
  max_tokens: _other,
  stream_options: _own,
  response_format: _format,
  ...ownFields
} = sharedFields;

const format = z.discriminatedUnion(
  "type",
  [field.form("text", {}), field.form("json_object", {}), schemaForm],
  { error: "type must be text, json_object or json_schema" },
);

export const responsesSchema = z.object({
  ...ownFields,
  input,
  instructions: field.text("A system message, placed before all others."),
  max_output_tokens: field.tokenLimit.nullish(),
  ...responsesToolFields,
  text: field.optional(
    z.looseObject({
      format: field.optional(format, ANSWER_FORM),
    }),
    "Form of the answer's text.",
  ),
  ...reasoningFields,
  include: field.optional(
    z.array(z.string()),
    `Extra data to return: ${INCLUDED_LOGPROBS}. Other values are left out, and named.`,
  ),
  top_logprobs: field.alternatives.nullish().meta({ default: 0 }),
  truncation: field.optional(
    z.enum(["auto", "disabled"]),
    "auto leaves out the oldest turns of a conversation that does not fit.",
    "disabled",
  ),
  store: field.flag("Whether to store the response, so that it can be retrieved and continued."),
  previous_response_id: field.optional(z.string().min(1), "Id of the stored response to continue."),
  prompt_cache_options: cacheOptionsField,
  background: field.flag("Whether generation continues after the client disconnects.", false),
  metadata: field.optional(
    z.record(z.string(), z.string(), "must be an object whose values are strings"),
    "An object whose values are strings; returned with the answer.",
  ),
  stream_options: field.withoutEffect(
    z.looseObject({ include_obfuscation: field.flag(field.NO_PADDING) }),
    field.STREAM_OPTIONS,
  ),
});

/** The same, with the short forms of the input. */
export const responsesBody = responsesSchema.extend({ input: inputBody });

export type ResponsesFields = z.output<typeof responsesSchema>;
