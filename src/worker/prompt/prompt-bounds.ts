// Finds huge prompts that are certainly too long before they are rendered, and estimates their tokens: counting them exactly
// would take seconds. The bounds are lower bounds, so that no prompt that fits is rejected.

import type { LlamaModel } from "node-llama-cpp";
import type { Json, Message, Prompt } from "../../generation/request.ts";
import { sizeOfPrompt } from "./question-size.ts";
import type { ChatTemplate, MessagesPrompt } from "./template/chat-template.ts";
import { SLICE_CHARS } from "./token-slices.ts";
import type { Turn } from "./turn.ts";

export type BoundDeps = TokenBounds & {
  readonly model: Pick<LlamaModel, "tokenize">;
  readonly contextTokens: number;
};

export type TokenBounds = {
  /** Characters of the longest token: a text of n characters has at least n / longestTokenChars tokens. */
  readonly longestTokenChars: number;
  /** The fewest tokens that the template adds to a message's content. */
  readonly messageTokens: number;
};

type TextPrompt = Exclude<Prompt, { type: "tokens" }>;

/** A prompt is counted exactly up to this size, in the characters that take the same time to tokenize. */
const COUNTED_CHARS = 500_000;
const COUNTED_CHARS_PER_TOKEN = 8;
/** The same for a trial, whose tokens no client sees. */
const TRIED_CHARS_PER_TOKEN = 3;
/** Tokens that a text may lose by joining with adjacent text. A cut may also split a control token into several tokens. */
const EDGE_TOKENS = 4;
const CUT_TOKENS = 16;
/** A template shows at least one of this many values in a tool's definition. */
const SHOWN_VALUES = 4;
/** Samples of the text from which the number of its tokens is estimated. */
const SAMPLES = 16;

/**
 * @returns an estimate of the prompt's tokens, if counting all of them takes long and the prompt certainly does not fit;
 * null otherwise
 */
export async function estimateIfTooLong(
  { prompt, isTrial }: { readonly prompt: Prompt; readonly isTrial: boolean },
  deps: BoundDeps,
  turn: Pick<Turn, "pause">,
): Promise<number | null> {
  const { contextTokens } = deps;
  const most = isTrial
    ? TRIED_CHARS_PER_TOKEN * contextTokens
    : Math.max(COUNTED_CHARS, COUNTED_CHARS_PER_TOKEN * contextTokens);
  if (prompt.type === "tokens" || sizeOfPrompt(prompt) <= most) return null;
  const least = await leastTokens(prompt, deps, turn);
  if (least < contextTokens) return null;
  if (isTrial) return least;
  return Math.max(least, await estimatedTokens(prompt, deps, turn));
}

/** @returns a lower bound of the prompt's tokens; stops counting at the context length */
export async function leastTokens(
  prompt: TextPrompt,
  deps: BoundDeps,
  turn: Pick<Turn, "pause">,
): Promise<number> {
  const { model, contextTokens, longestTokenChars } = deps;
  const chars = textsOf(prompt).reduce((sum, text) => sum + text.length, 0);
  const quick = Math.max(Math.floor(chars / longestTokenChars), leastOfShape(prompt, deps));
  if (quick >= contextTokens) return quick;
  let count = 0;
  for (const text of certainTexts(prompt)) {
    const lost = text.length <= SLICE_CHARS ? EDGE_TOKENS : CUT_TOKENS;
    for (let at = 0; at < text.length && count < contextTokens; at += SLICE_CHARS) {
      // The text of a control token is read as one token, which is the fewest it can be.
      const slice = model.tokenize(text.slice(at, at + SLICE_CHARS), true);
      count += Math.max(0, slice.length - lost);
      await turn.pause();
    }
  }
  return Math.max(quick, count);
}

async function estimatedTokens(
  prompt: TextPrompt,
  { model, messageTokens }: BoundDeps,
  turn: Pick<Turn, "pause">,
): Promise<number> {
  const text = textsOf(prompt).join("\n");
  const chars = Math.ceil(text.length / SAMPLES);
  let sampled = 0;
  let tokens = 0;
  for (let at = 0; at < text.length; at += chars) {
    const sample = text.slice(at, at + Math.min(chars, SLICE_CHARS));
    sampled += sample.length;
    tokens += model.tokenize(sample, false).length;
    await turn.pause();
  }
  const ofText = sampled === 0 ? 0 : (text.length * tokens) / sampled;
  const messages = prompt.type === "messages" ? prompt.messages.length : 0;
  return Math.round(ofText) + messages * messageTokens;
}

/** Counts each message, call, and value in definitions or arguments as at least one token: these are slow to render. */
function leastOfShape(prompt: TextPrompt, deps: BoundDeps): number {
  if (prompt.type !== "messages") return 0;
  const { contextTokens: limit } = deps;
  const definitions = (prompt.tools?.tools ?? []).map(({ definition }) => definition);
  // Some templates show only a part of each definition.
  let count = Math.floor(valuesIn(definitions, SHOWN_VALUES * limit) / SHOWN_VALUES);
  for (const message of prompt.messages) {
    if (count >= limit) break;
    count += leastOfMessage(message, deps);
  }
  return count;
}

function leastOfMessage(message: Message, { messageTokens, contextTokens }: BoundDeps): number {
  if (message.role === "user") return messageTokens;
  if (message.role !== "assistant") return 1;
  if (message.toolCalls.length === 0) return messageTokens;
  const values = message.toolCalls.map(({ arguments: values }) => values);
  return 1 + valuesIn(values, contextTokens);
}

/** Values in a document, counted up to the limit. */
function valuesIn(document: Json, limit: number): number {
  const open: Json[] = [document];
  let count = 0;
  for (let value = open.pop(); value !== undefined && count < limit; value = open.pop()) {
    if (typeof value !== "object" || value === null) continue;
    const members = Object.values(value);
    count += members.length;
    if (count < limit) for (const member of members) open.push(member);
  }
  return count;
}

function textsOf(prompt: TextPrompt): readonly string[] {
  switch (prompt.type) {
    case "messages":
      return prompt.messages.map(({ content }) => content);
    case "text":
      return [prompt.text];
    case "infill":
      return [prompt.prefix, prompt.suffix];
  }
}

/** Texts that every template includes. It may trim them, and may leave out some of an assistant message. */
function certainTexts(prompt: TextPrompt): readonly string[] {
  if (prompt.type !== "messages") return textsOf(prompt);
  const certain = prompt.messages.filter(({ role }) => role === "user" || role === "tool");
  return certain.map(({ content }) => content.trim());
}

/** Renders sample messages to measure how many tokens one more message adds besides its content. At least 1. */
export function leastMessageTokens(
  template: ChatTemplate | null,
  tokenize: (text: string) => readonly unknown[],
): number {
  const question: Message = { role: "user", content: "a" };
  const answer: Message = { role: "assistant", content: "a", reasoning: null, toolCalls: [] };
  const plain: Omit<MessagesPrompt, "messages"> = {
    type: "messages",
    tools: null,
    continuesLast: false,
    reasoning: { effort: null, budgetTokens: null, isSeparate: true },
    variables: {},
  };
  const lengthOf = (...messages: Message[]) => {
    const segments = template?.render({ ...plain, messages }) ?? [];
    return tokenize(segments.map(({ text }) => text).join("")).length;
  };
  try {
    const two = lengthOf(question, answer);
    const ofAnswer = two - lengthOf(question);
    const ofQuestion = lengthOf(question, answer, question) - two;
    const ofRows = [
      lengthOf(question, question) - lengthOf(question),
      lengthOf(question, answer, answer) - two,
    ];
    return Math.max(1, Math.min(ofAnswer, ofQuestion, ...ofRows) - 1);
  } catch {
    return 1; // the template rejects the sample messages
  }
}
