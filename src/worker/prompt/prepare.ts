// Prepares a request before it gets a slot: renders and tokenizes its prompt, and rejects requests that cannot be served.

import type { LlamaModel } from "node-llama-cpp";
import { ServiceError } from "../../errors.ts";
import type { GenerateRequest, PreparedRequest, Prompt } from "../../generation/request.ts";
import type { ModelLanguage } from "../load/model-language.ts";
import { closeReasoning, type PlanDeps, planOutput } from "../output/output-plan.ts";
import { checkTokens } from "./check-tokens.ts";
import type { ControlTokens } from "./control-tokens.ts";
import {
  type BoundDeps,
  leastTextTokens,
  leastTokens,
  SUSPECT_CHARS_PER_TOKEN,
} from "./prompt-bounds.ts";
import type { PromptSegment } from "./prompt-fence.ts";
import { templateError } from "./template-messages.ts";

export type PrepareDeps = PlanDeps &
  BoundDeps &
  Pick<ModelLanguage, "vocabularySize" | "templateProblem"> & {
    readonly model: LlamaModel;
    readonly controlTokens: Pick<ControlTokens, "tokenize">;
  };

/** @throws ServiceError 4xx */
export function prepare(request: GenerateRequest, deps: PrepareDeps): PreparedRequest {
  const { prompt, maxTokens, grammar, ...rest } = request;
  checkTokenIds(request, deps.vocabularySize);
  rejectLongPrompt(prompt, deps);
  const { tokens, text } = promptTokens(prompt, deps);
  const planned = planOutput({ prompt, promptText: text, grammar }, deps);
  const { tokens: closing, output } = closeReasoning(planned, deps);
  const all = [...tokens, ...closing];
  const room = deps.contextTokens - all.length;
  if (room < 1) throw tooLong(`${all.length}`, prompt, deps.contextTokens);
  return {
    ...rest,
    promptTokens: Uint32Array.from(all),
    maxTokens: Math.min(maxTokens ?? room, room),
    output,
  };
}

/** A token id outside the vocabulary would fail the whole batch, including other streams. */
function checkTokenIds({ prompt, sampling }: GenerateRequest, vocabularySize: number): void {
  const biased = sampling.logitBias.map(([token]) => token);
  checkTokens(biased, vocabularySize, { field: "logitBias" });
  if (prompt.type === "tokens") checkTokens(prompt.tokens, vocabularySize, { field: "prompt" });
}

/** @throws ServiceError 400 for a prompt that is certainly too long, before it is rendered */
function rejectLongPrompt(prompt: Prompt, deps: PrepareDeps): void {
  const certain = leastTokens(prompt, deps);
  if (certain >= deps.contextTokens)
    throw tooLong(`at least ${certain}`, prompt, deps.contextTokens);
}

/** @returns the prompt's tokens, and its rendered text if it has one */
export function promptTokens(prompt: Prompt, deps: PrepareDeps) {
  const { tokens, text } = readPrompt(prompt, deps);
  const { bos, eos } = deps.model.tokens;
  // Generation needs at least one token, even for an empty prompt.
  return { tokens: tokens.length > 0 ? tokens : [bos ?? eos ?? 0], text };
}

function readPrompt(
  prompt: Prompt,
  deps: PrepareDeps,
): { readonly tokens: readonly number[]; readonly text: string } {
  if (prompt.type === "tokens") return { tokens: prompt.tokens, text: "" };
  if (prompt.type === "infill") return { tokens: infillTokens(prompt, deps.model), text: "" };
  const segments = promptSegments(prompt, deps);
  const tokens = withBeginning(segmentTokens(segments, prompt, deps), deps.model);
  return { tokens, text: segments.map(({ text }) => text).join("") };
}

function segmentTokens(
  segments: readonly PromptSegment[],
  prompt: Prompt,
  deps: PrepareDeps,
): number[] {
  const tokens: number[] = [];
  for (const segment of segments) {
    const { length } = tokens;
    const isSuspect = segment.text.length > deps.contextTokens * SUSPECT_CHARS_PER_TOKEN;
    const more = isSuspect ? leastTextTokens(segment.text, deps.contextTokens - length, deps) : 0;
    if (length + more >= deps.contextTokens)
      throw tooLong(`at least ${length + more}`, prompt, deps.contextTokens);
    const isFirst = tokens.length === 0;
    for (const token of tokenize(deps, segment, isFirst)) tokens.push(token);
  }
  return tokens;
}

/** The order is prefix, suffix, middle, as in llama.cpp. */
function infillTokens({ prefix, suffix }: Extract<Prompt, { type: "infill" }>, model: LlamaModel) {
  const { infill } = model.tokens;
  if (infill.prefix === null || infill.suffix === null || infill.middle === null) {
    const message = "suffix is not supported by this model: it has no fill-in-the-middle tokens";
    throw new ServiceError("unsupported_parameter", message, { field: "suffix" });
  }
  const before = model.tokenize(prefix, false, "trimLeadingSpace");
  const after = model.tokenize(suffix, false, "trimLeadingSpace");
  return withBeginning([infill.prefix, ...before, infill.suffix, ...after, infill.middle], model);
}

function promptSegments(
  prompt: Extract<Prompt, { type: "messages" | "text" }>,
  { template, templateProblem }: Pick<PrepareDeps, "template" | "templateProblem">,
): readonly PromptSegment[] {
  if (prompt.type === "text") return [{ text: prompt.text, isLiteral: false }];
  if (template) return template.render(prompt);
  throw templateError(
    templateProblem === null
      ? "this model has no chat template, so it cannot read messages; use /v1/completions"
      : `the model's chat template cannot be read: ${templateProblem}; use /v1/completions`,
  );
}

function tokenize(
  { model, controlTokens }: PrepareDeps,
  { text, isLiteral }: PromptSegment,
  isFirst: boolean,
): readonly number[] {
  // Some tokenizers put a space before the text. That is right only at the very start of the prompt.
  const begin = (first: string, readsControlTokens: boolean) =>
    isFirst
      ? model.tokenize(first, readsControlTokens)
      : model.tokenize(first, readsControlTokens, "trimLeadingSpace");
  return isLiteral ? begin(text, false) : controlTokens.tokenize(text, begin);
}

/** Adds the token that begins every text of this model, if it has one and the tokens lack it. */
export function withBeginning(tokens: readonly number[], model: LlamaModel): readonly number[] {
  const { bos, shouldPrependBosToken } = model.tokens;
  const isMissing = shouldPrependBosToken && bos !== null && tokens[0] !== bos;
  return isMissing ? [bos, ...tokens] : tokens;
}

function tooLong(count: string, prompt: Prompt, contextTokens: number): ServiceError {
  return new ServiceError(
    "context_length_exceeded",
    `the prompt has ${count} tokens, but the context holds ${contextTokens} tokens, ` +
      "at least one of them for the answer; shorten the prompt or start the server with a larger --context",
    { field: prompt.type === "messages" ? "messages" : "prompt" },
  );
}
