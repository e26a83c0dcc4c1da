// Plans, before a request gets a slot, how to read its answer and which grammar restricts it. This depends on the model's
// template and on the request.

import type { LlamaModel } from "node-llama-cpp";
import {
  type OutputPlan,
  PLAIN_OUTPUT,
  type Prompt,
  type ToolUse,
} from "../../generation/request.ts";
import type { ModelLanguage } from "../load/model-language.ts";
import type { Grammars } from "./grammars.ts";
import { endsInReasoning, reasoningFormatNamed } from "./reasoning-formats.ts";
import { callGrammar } from "./tool-grammar.ts";

export type PlanDeps = Pick<ModelLanguage, "template" | "reasoningFormat"> & {
  readonly grammars: Pick<Grammars, "check">;
};

export type PlanRequest = {
  readonly prompt: Prompt;
  /** The rendered prompt. */
  readonly promptText: string;
  readonly grammar: string | null;
};

/** If a template opens reasoning, it does so within this many characters of the prompt's end. */
const LONGEST_OPENING = 100;

/** @throws ServiceError 400 when the grammar is not valid */
export function planOutput(request: PlanRequest, deps: PlanDeps): OutputPlan {
  const { prompt, grammar } = request;
  if (grammar !== null) deps.grammars.check(grammar);
  const answerGrammar = grammar === null ? null : ({ text: grammar, appliesFrom: "text" } as const);
  const plain: OutputPlan = { ...PLAIN_OUTPUT, answerGrammar };
  if (prompt.type !== "messages") return plain;
  return {
    ...plain,
    ...planReasoning(prompt, request.promptText, deps),
    ...planTools(prompt.tools, grammar, deps),
  };
}

function planReasoning(
  { reasoning, messages, continuesLast }: Extract<Prompt, { type: "messages" }>,
  promptText: string,
  { reasoningFormat }: PlanDeps,
): Partial<OutputPlan> {
  if (!reasoningFormat) return {};
  if (reasoningFormat.type === "channels" && continuesLast) return {}; // generation continues inside a message, after all headers
  // User text may contain the same marker, so look only at the end of the prompt, or at the message that is continued.
  const opening = continuesLast ? (messages.at(-1)?.content ?? "") : lastWord(promptText);
  return {
    reasoningFormat: reasoningFormat.name,
    keepsReasoningInText: !reasoning.isSeparate,
    startsInReasoning: endsInReasoning(reasoningFormat, opening),
    reasoningBudgetTokens: reasoning.effort === "none" ? 0 : reasoning.budgetTokens,
  };
}

function lastWord(text: string): string {
  return text.slice(-LONGEST_OPENING).trimEnd().split(/\s/).at(-1) ?? "";
}

function planTools(
  use: ToolUse | null,
  answerGrammar: string | null,
  { template, reasoningFormat, grammars }: PlanDeps,
): Partial<OutputPlan> {
  if (!use || !template) return {};
  const { toolFormat } = template;
  const { isRequired, isParallel, callable, rules = "" } = use;
  const tools = use.tools.filter(({ name }) => callable.includes(name));
  // In a format with channels, a call is not text. In others, the grammar of the text must also allow a call.
  const isChoice = answerGrammar !== null && !isRequired && reasoningFormat?.type !== "channels";
  const answer = isChoice ? answerGrammar : null;
  const text = callGrammar({ format: toolFormat, tools, rules, isParallel, isRequired, answer });
  grammars.check(text);
  const named = { toolFormat: toolFormat.name, toolNames: callable };
  if (isRequired) return { ...named, answerGrammar: { text, appliesFrom: "start" } };
  if (isChoice) return { ...named, answerGrammar: { text, appliesFrom: "text" } };
  return { ...named, callGrammar: text };
}

/** If the prompt opened reasoning but the budget is 0: the tokens that end it, to append to the prompt. */
export function closeReasoning(
  output: OutputPlan,
  { model }: { readonly model: Pick<LlamaModel, "tokenize"> },
): { readonly tokens: readonly number[]; readonly output: OutputPlan } {
  const { reasoningFormat, startsInReasoning, reasoningBudgetTokens } = output;
  if (reasoningFormat === null || !startsInReasoning || reasoningBudgetTokens !== 0) {
    return { tokens: [], output };
  }
  const { ending } = reasoningFormatNamed(reasoningFormat);
  return { tokens: model.tokenize(ending, true), output: { ...output, startsInReasoning: false } };
}
