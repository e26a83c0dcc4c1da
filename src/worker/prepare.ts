// A request before it has a slot: renders and tokenizes its prompt, and refuses what cannot be served.

import type { LlamaModel } from "node-llama-cpp";
import { ServiceError } from "../errors.ts";
import type { GenerateRequest, PreparedRequest, Prompt } from "../generation/request.ts";
import type { ChatTemplate, PromptSegment } from "./chat-template.ts";
import type { Grammars } from "./grammars.ts";

export type PrepareDeps = {
  readonly model: LlamaModel;
  readonly grammars: Pick<Grammars, "check">;
  /** Null when the GGUF brings none. */
  readonly template: ChatTemplate | null;
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
  const { prompt, maxTokens, ...rest } = request;
  checkTokenIds(request, deps.vocabularySize);
  if (request.grammar !== null) deps.grammars.check(request.grammar);
  refuseByCount(prompt, deps);
  const tokens = promptTokens(prompt, deps);
  const room = deps.contextTokens - tokens.length;
  if (room < 1) throw tooLong(`${tokens.length}`, prompt, deps.contextTokens);
  return {
    ...rest,
    promptTokens: Uint32Array.from(tokens),
    maxTokens: Math.min(maxTokens ?? room, room),
  };
}

/** A token id outside the vocabulary would fail the whole batch, and with it the other streams. */
function checkTokenIds(request: GenerateRequest, vocabularySize: number): void {
  for (const [token] of request.sampling.logitBias) {
    if (token < vocabularySize) continue;
    throw new ServiceError(
      "invalid_value",
      `logit_bias names token ${token}; this model's tokens are 0 to ${vocabularySize - 1}`,
      { param: "logit_bias" },
    );
  }
}

/** What needs no tokenizer to be seen as too long, and would cost much to render: every message is a token at least. */
function refuseByCount(prompt: Prompt, deps: PrepareDeps): void {
  const texts =
    prompt.type === "text" ? [prompt.text] : prompt.messages.map((each) => each.content);
  const chars = texts.reduce((sum, text) => sum + text.length, 0);
  const certain = Math.max(texts.length, Math.floor(chars / deps.longestTokenChars));
  if (certain >= deps.contextTokens)
    throw tooLong(`more than ${certain}`, prompt, deps.contextTokens);
}

function promptTokens(prompt: Prompt, deps: PrepareDeps): number[] {
  const tokens: number[] = [];
  for (const segment of promptSegments(prompt, deps.template)) {
    if (tokens.length >= deps.contextTokens) {
      throw tooLong(`more than ${tokens.length}`, prompt, deps.contextTokens);
    }
    refuseHopeless(segment, tokens.length, prompt, deps);
    const isFirst = tokens.length === 0;
    for (const token of tokenize(deps.model, segment, isFirst)) tokens.push(token);
  }
  return withBeginning(tokens, deps.model);
}

function promptSegments(prompt: Prompt, template: ChatTemplate | null): readonly PromptSegment[] {
  if (prompt.type === "text") return [{ text: prompt.text, isLiteral: false }];
  if (template) return template.render(prompt.messages);
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
  const { bos, eos, shouldPrependBosToken } = model.tokens;
  if (shouldPrependBosToken && bos !== null && tokens[0] !== bos) return [bos, ...tokens];
  if (tokens.length > 0) return tokens;
  const start = bos ?? eos; // an empty prompt still needs one token to start from
  return start === null ? [0] : [start];
}

function tooLong(count: string, prompt: Prompt, contextTokens: number): ServiceError {
  return new ServiceError(
    "context_length_exceeded",
    `the prompt has ${count} tokens, but the context holds ${contextTokens} tokens, ` +
      "at least one of them for the answer; shorten the prompt or start the server with a larger --context",
    { param: prompt.type === "text" ? "prompt" : "messages" },
  );
}
