// Works out, before a request has a slot, how its answer is to be read and what holds it to a form: by the model's family,
// and by what the request asks for.

import type { LlamaModel } from "node-llama-cpp";
import {
  type OutputPlan,
  PLAIN_OUTPUT,
  type Prompt,
  type ToolUse,
} from "../../generation/request.ts";
import type { ChatTemplate } from "../prompt/chat-template.ts";
import type { Grammars } from "./grammars.ts";
import {
  endsInReasoning,
  type ReasoningFormat,
  reasoningFormatNamed,
} from "./reasoning-formats.ts";
import type { CallGrammars } from "./tool-grammar.ts";

export type PlanDeps = {
  readonly grammars: Pick<Grammars, "check">;
  readonly callGrammars: Pick<CallGrammars, "of">;
  /** Null when the GGUF brings none. */
  readonly template: ChatTemplate | null;
  /** Null for a model that does not think. */
  readonly reasoningFormat: ReasoningFormat | null;
};

export type PlanRequest = {
  readonly prompt: Prompt;
  /** As the model reads it. */
  readonly promptText: string;
  readonly grammar: string | null;
};

/** Thoughts that a template begins end its prompt, within so many characters. */
const LONGEST_OPENING = 100;

/** @throws ServiceError 400 when the grammar is none */
export function planOutput(request: PlanRequest, deps: PlanDeps): OutputPlan {
  const { prompt, grammar } = request;
  if (grammar !== null) deps.grammars.check(grammar);
  const answerGrammar = grammar === null ? null : ({ text: grammar, holds: "text" } as const);
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
  if (reasoningFormat.type === "channels" && continuesLast) return {}; // within its last message, after all headers
  // A message of somebody may hold the same words: only the very end of a prompt opens thoughts, or what is gone on with.
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
  { template, reasoningFormat, grammars, callGrammars }: PlanDeps,
): Partial<OutputPlan> {
  if (!use || !template) return {};
  const { toolFormat } = template;
  const { isRequired, isParallel, callable } = use;
  const tools = use.tools.filter(({ name }) => callable.includes(name));
  // In channels a call is no text; elsewhere what holds the text must let a call through.
  const isChoice = answerGrammar !== null && !isRequired && reasoningFormat?.type !== "channels";
  const answer = isChoice ? answerGrammar : null;
  const text = callGrammars.of({
    format: toolFormat,
    tools,
    isParallel,
    isRequired,
    answer,
  });
  grammars.check(text);
  const named = { toolFormat: toolFormat.name, toolNames: callable };
  if (isRequired) return { ...named, answerGrammar: { text, holds: "start" } };
  if (isChoice) return { ...named, answerGrammar: { text, holds: "text" } };
  return { ...named, callGrammar: text };
}

/** Where a prompt has begun thoughts for which there is no budget: the tokens that end them, as part of the prompt. */
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
