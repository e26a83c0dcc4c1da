// Finds prompts that are certainly too long before anything is rendered: rendering thousands of messages takes a tenth of a
// second, and blocks every stream meanwhile. Counts less than there is where it cannot be sure, so that nothing that fits is refused.

import type { LlamaModel } from "node-llama-cpp";
import type { Json, Message, Prompt } from "../../generation/request.ts";
import type { ChatTemplate } from "./chat-template.ts";

export type BoundDeps = {
  readonly model: Pick<LlamaModel, "tokenize">;
  readonly contextTokens: number;
  /** Characters of the longest token: no text of n characters has fewer than n / longest tokens. */
  readonly longestTokenChars: number;
  /** Tokens that the template spends on a message besides its content, at least. */
  readonly messageTokens: number;
};

/** Text with more characters per token of the context than this is counted before it is rendered, or tokenized as a whole. */
export const SUSPECT_CHARS_PER_TOKEN = 3;
/** Tokens that a text may lose to its neighbours; a cut in the middle may also make tokens of a control token's halves. */
const EDGE_TOKENS = 4;
const CUT_TOKENS = 16;
/** Of this many values in a tool's definition, a template shows one at least. */
const SHOWN_VALUES = 4;
/** Text is counted in pieces of about the context's length in characters, so that little is counted in vain. */
const LEAST_PIECE_CHARS = 1_024;
const MOST_PIECE_CHARS = 32_768;

/** @returns tokens that the prompt has at least; counts no further than the context is long */
export function leastTokens(prompt: Prompt, deps: BoundDeps): number {
  if (prompt.type === "tokens") return prompt.tokens.length;
  const texts = textsOf(prompt);
  const chars = texts.reduce((sum, text) => sum + text.length, 0);
  const quick = Math.max(Math.floor(chars / deps.longestTokenChars), leastOfShape(prompt, deps));
  if (quick >= deps.contextTokens || chars <= deps.contextTokens * SUSPECT_CHARS_PER_TOKEN)
    return quick;
  return Math.max(quick, leastOfTexts(certainTexts(prompt), deps));
}

/**
 * Control tokens are read where their text stands, as one token each: elsewhere they would only be more.
 * @returns tokens of the text at least; counts no further than to the limit
 */
export function leastTextTokens(
  text: string,
  limit: number,
  { model, contextTokens }: Pick<BoundDeps, "model" | "contextTokens">,
): number {
  const pieceChars = Math.min(MOST_PIECE_CHARS, Math.max(LEAST_PIECE_CHARS, contextTokens));
  const lost = text.length <= pieceChars ? EDGE_TOKENS : CUT_TOKENS;
  let count = 0;
  for (let at = 0; at < text.length && count < limit; at += pieceChars) {
    const piece = text.slice(at, at + pieceChars);
    count += Math.max(0, model.tokenize(piece, true).length - lost);
  }
  return count;
}

function leastOfTexts(texts: readonly string[], deps: BoundDeps): number {
  let count = 0;
  for (const text of texts) {
    if (count >= deps.contextTokens) break;
    count += leastTextTokens(text, deps.contextTokens - count, deps);
  }
  return count;
}

/** A message, a call, and each value in a definition or in arguments is a token at least, and much to render. */
function leastOfShape(prompt: Exclude<Prompt, { type: "tokens" }>, deps: BoundDeps): number {
  if (prompt.type !== "messages") return 0;
  const { contextTokens: limit } = deps;
  const definitions = (prompt.tools?.tools ?? []).map(({ definition }) => definition);
  // Some templates show only a part of them.
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

function textsOf(prompt: Exclude<Prompt, { type: "tokens" }>): readonly string[] {
  switch (prompt.type) {
    case "messages":
      return prompt.messages.map(({ content }) => content);
    case "text":
      return [prompt.text];
    case "infill":
      return [prompt.prefix, prompt.suffix];
  }
}

/** Texts that are in the prompt whatever the template is: it may trim them, and leave out some of an assistant's. */
function certainTexts(prompt: Exclude<Prompt, { type: "tokens" }>): readonly string[] {
  if (prompt.type !== "messages") return textsOf(prompt);
  const certain = prompt.messages.filter(({ role }) => role === "user" || role === "tool");
  return certain.map(({ content }) => content.trim());
}

/** Tried once: what one more message adds to a prompt, besides its content of one token. At least 1. */
export function leastMessageTokens(
  template: ChatTemplate | null,
  tokenize: (text: string) => readonly unknown[],
): number {
  const question: Message = { role: "user", content: "a" };
  const answer: Message = { role: "assistant", content: "a", reasoning: null, toolCalls: [] };
  const lengthOf = (...messages: Message[]) => {
    const segments = template?.render(promptOf(messages)) ?? [];
    return tokenize(segments.map(({ text }) => text).join("")).length;
  };
  try {
    const two = lengthOf(question, answer);
    const ofAnswer = two - lengthOf(question);
    const ofQuestion = lengthOf(question, answer, question) - two;
    return Math.max(1, Math.min(ofAnswer, ofQuestion) - 1);
  } catch {
    return 1; // a template that refuses these messages is asked nothing more here
  }
}

function promptOf(messages: readonly Message[]): Extract<Prompt, { type: "messages" }> {
  const reasoning = { effort: null, budgetTokens: null, isSeparate: true };
  return {
    type: "messages",
    messages,
    tools: null,
    continuesLast: false,
    reasoning,
    variables: {},
  };
}
