// Body schema of POST /v1/responses. https://platform.openai.com/docs/api-reference/responses/create

import { z } from "zod";
import { reasoningFields } from "../openai/reasoning.ts";
import * as field from "../shared/field-types.ts";
import { sharedFields } from "../shared/fields.ts";
import { ALWAYS_STRICT, ANSWER_FORM } from "../shared/schema-grammar.ts";
import {
  allowedTools,
  functionFields,
  parallelCalls,
  toolChoice,
  toolList,
  toolType,
} from "../shared/tools.ts";
import { input } from "./input.ts";

/** Accepted values of `include`. The second adds logprobs; encrypted reasoning never exists here. */
const INCLUDABLE = ["reasoning.encrypted_content", "message.output_text.logprobs"];

const {
  n: _one,
  return_progress: _none,
  max_tokens: _other,
  stream_options: _own,
  response_format: _format,
  ...ownFields
} = sharedFields;

const named = field.form("function", { name: z.string().describe("The function to call.") });

const format = z.discriminatedUnion(
  "type",
  [
    field.form("text", {}),
    field.form("json_object", {}),
    field.form("json_schema", {
      name: z.string().min(1).max(64).describe("Name of the schema."),
      schema: z.record(z.string(), z.unknown()).describe("The JSON schema."),
      description: field.text("Ignored."),
      strict: field.flag(ALWAYS_STRICT),
    }),
  ],
  { error: "type must be text, json_object or json_schema" },
);

export const responsesSchema = z.object({
  ...ownFields,
  input,
  instructions: field.text("A system message, placed before all others."),
  max_output_tokens: field.tokenLimit.nullish(),
  tools: toolList(z.looseObject({ type: toolType, ...functionFields })),
  tool_choice: toolChoice(
    named,
    field.form("allowed_tools", allowedTools(named)),
    '{type: "function", name}',
  ),
  parallel_tool_calls: parallelCalls,
  text: field.optional(
    z.looseObject({
      format: field.optional(format, ANSWER_FORM),
    }),
    "Form of the answer's text.",
  ),
  ...reasoningFields,
  include: field.optional(
    z.array(z.enum(INCLUDABLE)),
    "Extra data to return: log probabilities. Encrypted reasoning is never returned.",
  ),
  top_logprobs: field.alternatives.nullish().meta({ default: 0 }),
  truncation: field.optional(
    z.enum(["auto", "disabled"]),
    "auto leaves out the oldest turns of a conversation that does not fit.",
    "disabled",
  ),
  store: field.flag("Whether to store the response, so that it can be retrieved and continued."),
  previous_response_id: field.optional(z.string().min(1), "Id of the stored response to continue."),
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

const [message, ...others] = input.element.options;

/** The same, with the short forms that `withItems` expands: a string, and an item with a role but no type. */
export const responsesBody = responsesSchema.extend({
  input: z
    .union([
      z.string(),
      z.array(z.union([message.extend({ type: message.shape.type.nullish() }), ...others])).min(1),
    ])
    .describe("The conversation: a user message as a string, or a list of items."),
});

export type ResponsesFields = z.output<typeof responsesSchema>;
