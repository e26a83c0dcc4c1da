// Body schema of POST /v1/responses. https://platform.openai.com/docs/api-reference/responses/create

import { z } from "zod";
import { reasoningFields } from "../openai/reasoning.ts";
import { MAX_ALTERNATIVES, sharedFields } from "../shared/fields.ts";
import { functionFields, toolList, toolType } from "../shared/tools.ts";
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

const named = z.looseObject({ type: z.literal("function"), name: z.string() });

const format = z.discriminatedUnion(
  "type",
  [
    z.looseObject({ type: z.literal("text") }),
    z.looseObject({ type: z.literal("json_object") }),
    z.looseObject({
      type: z.literal("json_schema"),
      name: z.string().min(1).max(64),
      schema: z.record(z.string(), z.unknown()),
      description: z.string().nullish(),
      strict: z.boolean().nullish(),
    }),
  ],
  { error: "type must be text, json_object or json_schema" },
);

export const responsesSchema = z.object({
  ...ownFields,
  input,
  instructions: z.string().nullish(),
  max_output_tokens: z.int().min(1).nullish(),
  tools: toolList(z.looseObject({ type: toolType, ...functionFields })).nullish(),
  tool_choice: z
    .union(
      [
        z.enum(["none", "auto", "required"]),
        named,
        z.looseObject({
          type: z.literal("allowed_tools"),
          mode: z.enum(["auto", "required"]),
          tools: z.array(named).min(1),
        }),
      ],
      { error: 'must be none, auto, required, or {type: "function", name}' },
    )
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  text: z
    .looseObject({
      format: format.nullish(),
      verbosity: z.literal("medium", "must be medium, the only verbosity here").nullish(),
    })
    .nullish(),
  reasoning: z
    .looseObject({
      effort: reasoningFields.reasoning_effort,
      summary: z.enum(["auto", "concise", "detailed"]).nullish(), // reasoning is sent in full, not as a summary
    })
    .nullish(),
  reasoning_effort: z.null("is not supported here; use reasoning.effort").optional(),
  chat_template_kwargs: reasoningFields.chat_template_kwargs,
  thinking_budget_tokens: reasoningFields.thinking_budget_tokens,
  include: z.array(z.enum(INCLUDABLE)).nullish(),
  top_logprobs: z.int().min(0).max(MAX_ALTERNATIVES).nullish(),
  truncation: z.enum(["auto", "disabled"]).nullish(),
  store: z.boolean().nullish(),
  previous_response_id: z.string().min(1).nullish(),
  background: z.boolean().nullish(),
  metadata: z
    .record(z.string(), z.string(), "must be an object whose values are strings")
    .nullish(),
  stream_options: z.looseObject({ include_obfuscation: z.boolean().nullish() }).nullish(),
});

export type ResponsesFields = z.output<typeof responsesSchema>;
