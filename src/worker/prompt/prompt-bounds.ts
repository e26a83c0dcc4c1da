// Finds prompts that are certainly too long before they are rendered: rendering thousands of messages takes a tenth of a second
// and blocks all streams. All counts are lower bounds, so that no prompt that fits is rejected.

import type { LlamaModel } from "node-llama-cpp";
import type { Json, Message, Prompt } from "../../generation/request.ts";
import type { ChatTemplate, MessagesPrompt } from "./chat-template.ts";

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

/** Text with more characters per context token than this is counted before it is rendered or tokenized as a whole. */
export const SUSPECT_CHARS_PER_TOKEN = 3;
/** Tokens that a text may lose by joining with adjacent text. A cut may also split a control token into several tokens. */
const EDGE_TOKENS = 4;
const CUT_TOKENS = 16;
/** A template shows at least one of this many values in a tool's definition. */
const SHOWN_VALUES = 4;
/** Text is counted in pieces of about as many characters as the context has tokens, so that counting can stop early. */
const LEAST_PIECE_CHARS = 1_024;
const MOST_PIECE_CHARS = 32_768;

/** @returns a lower bound of the prompt's tokens; stops counting at the context length */
export function leastTokens(prompt: Prompt, deps: BoundDeps): number {
  if (prompt.type === "tokens") return prompt.tokens.length;
  const texts = textsOf(prompt);
  const chars = texts.reduce((sum, text) => sum + text.length, 0);
  const quick = Math.max(Math.floor(chars / deps.longestTokenChars), leastOfShape(prompt, deps));
  if (quick >= deps.contextTokens || chars <= deps.contextTokens * SUSPECT_CHARS_PER_TOKEN)
    return quick;
  let count = 0;
  for (const text of certainTexts(prompt))
    count += leastTextTokens(text, deps.contextTokens - count, deps);
  return Math.max(quick, count);
}

/**
 * Reads the text of a control token as one token, which is the fewest it can be.
 * @returns a lower bound of the text's tokens; stops counting at the limit
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
