// Fields that control reasoning and the chat template, for chat completions and responses. reasoning_effort is OpenAI's;
// chat_template_kwargs comes from vLLM; thinking_budget_tokens and reasoning_format from llama.cpp's server.

import { z } from "zod";
import type { Json, Prompt, ReasoningOptions } from "../../generation/request.ts";
import * as field from "../shared/field-types.ts";
import { invalidValue } from "../shared/refusals.ts";

/** Template variables that only the server sets. */
const SERVER_VARIABLES = ["messages", "tools", "add_generation_prompt", "bos_token", "eos_token"];

export const reasoningFields = {
  reasoning_effort: field.optional(
    z.enum(["none", "minimal", "low", "medium", "high", "xhigh"]),
    "How much the model reasons; none switches reasoning off.",
  ),
  chat_template_kwargs: field.optional(
    z.record(z.string(), z.unknown()),
    "Variables for the model's chat template.",
  ),
  thinking_budget_tokens: field.count("Maximum number of reasoning tokens; -1 means no limit.", -1),
  reasoning_format: z
    .enum(["none", "auto", "deepseek"], "must be none, auto or deepseek")
    .nullish()
    .meta({ default: "auto", description: "none leaves the reasoning in the answer's text." }),
};

type ReasoningFields = z.output<z.ZodObject<typeof reasoningFields>>;

/** @throws ServiceError 400 for a template variable that only the server sets */
export function readReasoning(
  fields: ReasoningFields,
): Pick<Extract<Prompt, { type: "messages" }>, "reasoning" | "variables"> {
  const variables = fields.chat_template_kwargs ?? {};
  const reserved = Object.keys(variables).find((name) => SERVER_VARIABLES.includes(name));
  if (reserved !== undefined)
    throw invalidValue(`chat_template_kwargs.${reserved}`, "is set by the server; remove it");
  const { reasoning_effort: effort, thinking_budget_tokens: budget } = fields;
  const isOff = variables.enable_thinking === false || variables.thinking === false;
  const reasoning: ReasoningOptions = {
    effort: effort ?? (isOff ? "none" : null),
    budgetTokens: budget === null || budget === undefined || budget === -1 ? null : budget,
    isSeparate: fields.reasoning_format !== "none",
  };
  return { reasoning, variables: variables as { readonly [name: string]: Json } }; // it came out of JSON
}
