// A request before it has a slot: renders and tokenizes its prompt, and refuses what cannot be served.

import type { LlamaModel } from "node-llama-cpp";
import { ServiceError } from "../errors.ts";
import type { GenerateRequest, PreparedRequest, Prompt } from "../generation/request.ts";
import type { ChatTemplate } from "./chat-template.ts";
import { type PlanDeps, planOutput, withoutThoughts } from "./output-plan.ts";
import type { PromptSegment } from "./prompt-fence.ts";

export type PrepareDeps = PlanDeps & {
  readonly model: LlamaModel;
  readonly contextTokens: number;
  /** Number of tokens in the vocabulary. */
  readonly vocabularySize: number;
  /** Characters of the longest token: no text of n characters has fewer than n / longest tokens. */
  readonly longestTokenChars: number;
};

/** Longer text is counted piece by piece first: tokenizing blocks this process, and with it every stream. */
const PIECE_CHARS = 32_768;
/** A cut may make so many tokens of what is one: a control token in two halves. */
const CUT_TOKENS = 16;

/** @throws ServiceError 4xx */
export function prepare(request: GenerateRequest, deps: PrepareDeps): PreparedRequest {
  const { prompt, maxTokens, grammar, ...rest } = request;
  checkTokenIds(request, deps.vocabularySize);
  refuseByCount(prompt, deps);
  const { tokens, text } = promptTokens(prompt, deps);
  const planned = planOutput({ prompt, promptText: text, grammar }, deps);
  const { tokens: closing, output } = withoutThoughts(planned, deps);
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

/** A token id outside the vocabulary would fail the whole batch, and with it the other streams. */
function checkTokenIds({ prompt, sampling }: GenerateRequest, vocabularySize: number): void {
  const biased = sampling.logitBias.map(([token]) => token);
  const given = prompt.type === "tokens" ? prompt.tokens : [];
  for (const [param, tokens] of [
    ["logit_bias", biased],
    ["prompt", given],
  ] as const) {
    const wrong = tokens.find((token) => token >= vocabularySize);
    if (wrong === undefined) continue;
    throw new ServiceError(
      "invalid_value",
      `${param} names token ${wrong}; this model's tokens are 0 to ${vocabularySize - 1}`,
      { param },
    );
  }
}

/** What needs no tokenizer to be seen as too long, and would cost much to render: every message is a token at least. */
function refuseByCount(prompt: Prompt, deps: PrepareDeps): void {
  const texts = textsOf(prompt);
  const chars = texts.reduce((sum, text) => sum + text.length, 0);
  const least = prompt.type === "tokens" ? prompt.tokens.length : texts.length + callsIn(prompt);
  const certain = Math.max(least, Math.floor(chars / deps.longestTokenChars));
  if (certain >= deps.contextTokens)
    throw tooLong(`more than ${certain}`, prompt, deps.contextTokens);
}

/** Each is a token at least, and much to render. */
function callsIn(prompt: Prompt): number {
  if (prompt.type !== "messages") return 0;
  return prompt.messages.reduce(
    (sum, message) => sum + (message.role === "assistant" ? message.toolCalls.length : 0),
    0,
  );
}

function textsOf(prompt: Prompt): readonly string[] {
  switch (prompt.type) {
    case "messages":
      return prompt.messages.map(({ content }) => content);
    case "text":
      return [prompt.text];
    case "infill":
      return [prompt.prefix, prompt.suffix];
    case "tokens":
      return [];
  }
}

/** The prompt as tokens, and as the text that they were read from. */
export function promptTokens(prompt: Prompt, deps: PrepareDeps) {
  if (prompt.type === "tokens")
    return { tokens: beginning([...prompt.tokens], deps.model), text: "" };
  if (prompt.type === "infill") return { tokens: infillTokens(prompt, deps), text: "" };
  const segments = promptSegments(prompt, deps.template);
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
    if (tokens.length >= deps.contextTokens) {
      throw tooLong(`more than ${tokens.length}`, prompt, deps.contextTokens);
    }
    refuseHopeless(segment, tokens.length, prompt, deps);
    const isFirst = tokens.length === 0;
    for (const token of tokenize(deps.model, segment, isFirst)) tokens.push(token);
  }
  return tokens;
}

/** Prefix, suffix, middle: the order that llama.cpp uses as well. */
function infillTokens({ prefix, suffix }: Extract<Prompt, { type: "infill" }>, deps: PrepareDeps) {
  const { infill } = deps.model.tokens;
  if (infill.prefix === null || infill.suffix === null || infill.middle === null) {
    throw new ServiceError(
      "unsupported_parameter",
      "this model has no tokens for filling in the middle, so it takes no suffix",
      { param: "suffix" },
    );
  }
  const { model } = deps;
  return withBeginning(
    [
      infill.prefix,
      ...model.tokenize(prefix, false, "trimLeadingSpace"),
      infill.suffix,
      ...model.tokenize(suffix, false, "trimLeadingSpace"),
      infill.middle,
    ],
    model,
  );
}

export function promptSegments(
  prompt: Extract<Prompt, { type: "messages" | "text" }>,
  template: ChatTemplate | null,
): readonly PromptSegment[] {
  if (prompt.type === "text") return [{ text: prompt.text, isLiteral: false }];
  if (template) return template.render(prompt);
  throw new ServiceError(
    "template_error",
    "this model has no chat template, so it cannot read messages; use /v1/completions",
    { param: "messages" },
  );
}

function tokenize(model: LlamaModel, segment: PromptSegment, isFirst: boolean) {
  const readsControlTokens = !segment.isLiteral;
  // Some tokenizers put a space before whatever comes first: right at the very beginning only.
  return isFirst
    ? model.tokenize(segment.text, readsControlTokens)
    : model.tokenize(segment.text, readsControlTokens, "trimLeadingSpace");
}

/** Stops at the first piece of a long text with which the prompt is over the limit for certain. */
function refuseHopeless(
  { text, isLiteral }: PromptSegment,
  before: number,
  prompt: Prompt,
  deps: PrepareDeps,
): void {
  if (text.length <= PIECE_CHARS) return;
  let count = before;
  for (let at = 0, pieces = 1; at < text.length; at += PIECE_CHARS, pieces++) {
    const piece = text.slice(at, at + PIECE_CHARS);
    count += deps.model.tokenize(piece, !isLiteral).length;
    const certain = count - CUT_TOKENS * pieces;
    if (certain >= deps.contextTokens)
      throw tooLong(`more than ${certain}`, prompt, deps.contextTokens);
  }
}

function withBeginning(tokens: number[], model: LlamaModel): number[] {
  const { bos, shouldPrependBosToken } = model.tokens;
  if (shouldPrependBosToken && bos !== null && tokens[0] !== bos) return [bos, ...tokens];
  return beginning(tokens, model);
}

/** An empty prompt still needs one token to start from. */
function beginning(tokens: number[], { tokens: special }: LlamaModel): number[] {
  if (tokens.length > 0) return tokens;
  return [special.bos ?? special.eos ?? 0];
}

function tooLong(count: string, prompt: Prompt, contextTokens: number): ServiceError {
  return new ServiceError(
    "context_length_exceeded",
    `the prompt has ${count} tokens, but the context holds ${contextTokens} tokens, ` +
      "at least one of them for the answer; shorten the prompt or start the server with a larger --context",
    { param: prompt.type === "messages" ? "messages" : "prompt" },
  );
}
