// Ordinary requests: OpenAI's defaults, and a fixed seed.

import {
  type GenerateRequest,
  type Message,
  PLAIN_OUTPUT,
  type PreparedRequest,
  type Prompt,
  type SamplingParams,
} from "../../../src/generation/request.ts";

export const PLAIN_SAMPLING: SamplingParams = {
  temperature: 1,
  topP: 1,
  topK: 0,
  minP: 0,
  seed: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  repeatPenalty: 1,
  penaltyTokens: 256,
  logitBias: [],
};

export const PLAIN_REQUEST: GenerateRequest = {
  prompt: { type: "text", text: "" },
  sampling: PLAIN_SAMPLING,
  stop: [],
  maxTokens: null,
  minTokens: 0,
  ignoreEos: false,
  grammar: null,
  logprobs: null,
  echoesPrompt: false,
  reportsProgress: false,
  reusePrefix: true,
};

export const PLAIN_PREPARED: PreparedRequest = {
  promptTokens: Uint32Array.of(1, 2, 3),
  sampling: PLAIN_SAMPLING,
  stop: [],
  maxTokens: 100,
  minTokens: 0,
  ignoreEos: false,
  logprobs: null,
  echoesPrompt: false,
  reportsProgress: false,
  reusePrefix: true,
  output: PLAIN_OUTPUT,
  checkpoints: null,
};

export type MessagesPrompt = Extract<Prompt, { type: "messages" }>;

export function messagesPrompt(
  messages: readonly Message[],
  options: Partial<MessagesPrompt> = {},
): MessagesPrompt {
  return {
    type: "messages",
    messages,
    tools: null,
    continuesLast: false,
    reasoning: { effort: null, budgetTokens: null, isSeparate: true },
    variables: {},
    ...options,
  };
}
