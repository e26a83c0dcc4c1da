// What a client asks, free of any wire format. Dialects make it, the engine reads it; plain data that may cross processes.

export type MessageRole = "system" | "user" | "assistant";

export type Message = {
  readonly role: MessageRole;
  readonly content: string;
};

/** Messages are rendered by the model's chat template; text goes to the model as it is, control tokens included. */
export type Prompt =
  | { readonly type: "messages"; readonly messages: readonly Message[] }
  | { readonly type: "text"; readonly text: string };

/** Seeds are 0 to SEEDS - 1: llama.cpp reads 2^32 - 1 as "random". */
export const SEEDS = 2 ** 32 - 1;

/** How the next token is chosen. Every field is explicit: a dialect fills in its API's own defaults. */
export type SamplingParams = {
  /** 0 takes the likeliest token. */
  readonly temperature: number;
  /** 1 is off. */
  readonly topP: number;
  /** Keep the k likeliest tokens; 0 is off. */
  readonly topK: number;
  /** Drop tokens less likely than this share of the likeliest; 0 is off. */
  readonly minP: number;
  /** An integer below `SEEDS`. */
  readonly seed: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  /** Divides the logits of tokens already in the answer; 1 is off. */
  readonly repeatPenalty: number;
  /** Added to a token's logit before sampling: [token id, bias]. */
  readonly logitBias: readonly (readonly [token: number, bias: number])[];
};

export type GenerateRequest = {
  readonly prompt: Prompt;
  readonly sampling: SamplingParams;
  /** The answer ends before the first of these; none is ever part of it. */
  readonly stop: readonly string[];
  /** Tokens to generate at most; null means as many as the context holds. */
  readonly maxTokens: number | null;
  /** The model may not end its answer before this many tokens. */
  readonly minTokens: number;
  /** The model may not end its answer at all: it goes on until a limit or a stop string. */
  readonly ignoreEos: boolean;
  /** What the answer has to be, as GBNF; null when it may be anything. The answer ends when it is complete. */
  readonly grammar: string | null;
  /** Whether the KV cache of an earlier request with the same beginning is used, and this one's left for others. */
  readonly reusePrefix: boolean;
};

/** A request whose prompt has been rendered, tokenized and found to fit: nothing about it can be refused any more. */
export type PreparedRequest = Omit<GenerateRequest, "prompt" | "maxTokens"> & {
  readonly promptTokens: Uint32Array;
  /** At least 1, and never more than the context holds after the prompt. */
  readonly maxTokens: number;
};
