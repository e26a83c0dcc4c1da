// Fields that control reasoning and the chat template, for chat completions and responses. reasoning_effort and reasoning.effort
// are OpenAI's; clients of other servers say the same with enable_thinking and chat_template_kwargs (vLLM), thinking
// (DeepSeek, Anthropic), think (Ollama) and the rest of reasoning (OpenRouter). thinking_budget_tokens and reasoning_format
// come from llama.cpp's server.

import { z } from "zod";
import type { Json, Prompt } from "../../generation/request.ts";
import type { ParsedRequest } from "../dialect.ts";
import * as field from "../shared/field-types.ts";
import { invalidValue } from "../shared/refusals.ts";
import { askedReasoning, variableWishes } from "../shared/wishes.ts";

/** Template variables that only the server sets. */
const SERVER_VARIABLES = ["messages", "tools", "add_generation_prompt", "bos_token", "eos_token"];

/** `max` equals xhigh; `default` and `auto` leave the effort to the model. */
const effort = z.enum([
  "none",
  "minimal",
  "low",
  "medium",
  "high",
  "xhigh",
  "max",
  "default",
  "auto",
]);
const budget = field.count("Maximum number of reasoning tokens.");

export const reasoningFields = {
  reasoning_effort: field.optional(
    effort,
    "How much the model reasons; none switches reasoning off.",
  ),
  reasoning: field.optional(
    z.looseObject({
      effort: field.optional(effort, "Same as reasoning_effort."),
      enabled: field.flag("Whether the model reasons."),
      max_tokens: budget,
      summary: field.withoutEffect(
        z.enum(["auto", "concise", "detailed", "none"]),
        "Ignored: reasoning is returned in full, not as a summary.",
      ),
    }),
    "Reasoning options.",
  ),
  thinking: field.optional(
    z.union([
      z.boolean(),
      z.looseObject({
        type: z.enum(["enabled", "disabled", "adaptive", "auto"]).describe("Whether to reason."),
        budget_tokens: budget,
      }),
    ]),
    "Whether the model reasons.",
  ),
  think: field.optional(z.union([z.boolean(), effort]), "Whether the model reasons, and how much."),
  enable_thinking: field.flag("Whether the model reasons."),
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

type ReadReasoning = Required<Pick<ParsedRequest, "wishes">> & {
  readonly prompt: Pick<Extract<Prompt, { type: "messages" }>, "reasoning" | "variables">;
};

/** @throws ServiceError 400 for a template variable that only the server sets */
export function readReasoning(fields: ReasoningFields): ReadReasoning {
  const variables = fields.chat_template_kwargs ?? {};
  const reserved = Object.keys(variables).find((name) => SERVER_VARIABLES.includes(name));
  if (reserved !== undefined)
    throw invalidValue(`chat_template_kwargs.${reserved}`, "is set by the server; remove it");
  const { reasoning, wishes } = askedReasoning(reasoningIn(fields));
  const isOff = variables.enable_thinking === false || variables.thinking === false;
  return {
    prompt: {
      reasoning: {
        ...reasoning,
        effort: reasoning.effort ?? (isOff ? "none" : null),
        isSeparate: fields.reasoning_format !== "none",
      },
      variables: variables as { readonly [name: string]: Json }, // it came out of JSON
    },
    wishes: [...wishes, ...variableWishes(variables, "chat_template_kwargs")],
  };
}

/** The most specific fields first. `default` and `auto` leave the decision to the model. */
function reasoningIn(fields: ReasoningFields): Parameters<typeof askedReasoning>[0] {
  const { reasoning, thinking_budget_tokens: ownBudget } = fields;
  const isOn = typeof fields.thinking === "boolean" ? fields.thinking : null;
  const thinking = typeof fields.thinking === "object" ? fields.thinking : null;
  const isOff = thinking?.type === "disabled";
  const efforts = [
    ["reasoning_effort", fields.reasoning_effort],
    ["reasoning.effort", reasoning?.effort],
    ["reasoning.enabled", reasoning?.enabled],
    ["thinking", thinking?.type === "auto" ? null : thinking ? !isOff : isOn],
    ["think", fields.think],
    ["enable_thinking", fields.enable_thinking],
  ] as const;
  return {
    efforts: efforts.filter(([, value]) => value !== "default" && value !== "auto"),
    budgets: [
      ["thinking_budget_tokens", ownBudget === -1 ? null : ownBudget],
      ["reasoning.max_tokens", reasoning?.max_tokens],
      ["thinking.budget_tokens", isOff ? null : thinking?.budget_tokens],
    ],
  };
}
