// Fields that control reasoning and the chat template, for chat completions and responses. reasoning_effort and reasoning.effort
// are OpenAI's; clients of other servers say the same with enable_thinking and chat_template_kwargs (vLLM), thinking
// (DeepSeek, Anthropic), think (Ollama) and the rest of reasoning (OpenRouter). thinking_budget_tokens and reasoning_format
// come from llama.cpp's server.

import { z } from "zod";
import type { Json, Prompt, ReasoningOptions } from "../../generation/request.ts";
import type { ParsedRequest } from "../dialect.ts";
import * as field from "../shared/field-types.ts";
import { invalidValue } from "../shared/refusals.ts";
import { reasoningWishes, variableWishes } from "../shared/wishes.ts";

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
  const asked = askedEfforts(fields);
  const chosen = asked.find(({ level }) => level !== ON) ?? asked[0];
  const [budgetName, budgetTokens] = askedBudget(fields);
  const isOff = variables.enable_thinking === false || variables.thinking === false;
  const reasoning: ReasoningOptions = {
    effort: chosen ? (chosen.level === ON ? "medium" : chosen.level) : isOff ? "none" : null,
    budgetTokens,
    isSeparate: fields.reasoning_format !== "none",
  };
  const effortNames = asked.map(({ name }) => name);
  return {
    prompt: { reasoning, variables: variables as { readonly [name: string]: Json } }, // it came out of JSON
    wishes: [
      ...reasoningWishes(reasoning, { effort: effortNames, budget: budgetName }),
      ...variableWishes(variables, "chat_template_kwargs"),
      ...asked
        .filter(({ level }) => chosen && contradicts(level, chosen.level))
        .map(({ name }) => ({ field: name, isMetBy: () => false })),
    ],
  };
}

/** Asked for, but with no particular effort. */
const ON = "on";

type AskedEffort = { readonly name: string; readonly level: string };

/** Each field that says whether or how much to reason, the most specific first. */
function askedEfforts(fields: ReasoningFields): readonly AskedEffort[] {
  const { reasoning_effort, reasoning, thinking, think, enable_thinking } = fields;
  const given: readonly (readonly [string, string | boolean | null | undefined])[] = [
    ["reasoning_effort", reasoning_effort],
    ["reasoning.effort", reasoning?.effort],
    ["reasoning.enabled", reasoning?.enabled],
    ["thinking", isThinking(thinking)],
    ["think", think],
    ["enable_thinking", enable_thinking],
  ];
  return given.flatMap(([name, value]) => {
    if (value === null || value === undefined) return [];
    const level = typeof value === "boolean" ? (value ? ON : "none") : levelOf(value);
    return level === null ? [] : [{ name, level }];
  });
}

function isThinking(thinking: ReasoningFields["thinking"]): boolean | null {
  if (typeof thinking !== "object" || thinking === null) return thinking ?? null;
  return thinking.type === "auto" ? null : thinking.type !== "disabled";
}

/** Chat templates know OpenAI's efforts, the highest of which is `xhigh`. */
function levelOf(effort: string): string | null {
  if (effort === "default" || effort === "auto") return null;
  return effort === "max" ? "xhigh" : effort;
}

function contradicts(level: string, chosen: string): boolean {
  return level === ON ? chosen === "none" : level !== chosen;
}

function askedBudget(fields: ReasoningFields): readonly [name: string, tokens: number | null] {
  const { thinking_budget_tokens: own, reasoning } = fields;
  const thinking = typeof fields.thinking === "object" ? fields.thinking : null;
  if (own !== null && own !== undefined && own !== -1) return ["thinking_budget_tokens", own];
  if (reasoning?.max_tokens) return ["reasoning.max_tokens", reasoning.max_tokens];
  const isOff = thinking?.type === "disabled";
  return ["thinking.budget_tokens", isOff ? null : (thinking?.budget_tokens ?? null)];
}
