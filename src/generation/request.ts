// Requests, independent of any wire format: plain data that can be sent between processes. Dialects make `Asked...` types,
// whose JSON schemas are not compiled yet; the engine gets the types with compiled schemas.

/** Any JSON value. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

export type ToolCall = {
  /** Chosen by the client or by an earlier answer. */
  readonly id: string;
  readonly name: string;
  readonly arguments: { readonly [name: string]: Json };
};

export type Message =
  | { readonly role: "system" | "user"; readonly content: string }
  | {
      readonly role: "assistant";
      readonly content: string;
      /** Reasoning before the content; null for none. Chat templates decide whether the model sees it. */
      readonly reasoning: string | null;
      readonly toolCalls: readonly ToolCall[];
    }
  | {
      readonly role: "tool";
      readonly content: string;
      /** Id of the call that this is the result of; null if the client sent none. */
      readonly toolCallId: string | null;
      /** Name of the tool; null if it is unknown. */
      readonly name: string | null;
    };

/** A tool that the model may call. */
export type Tool = {
  readonly name: string;
  /** The client's definition, which chat templates show to the model. */
  readonly definition: Json;
  /** Name of the rule of its arguments, which is one of `ToolUse.rules`. */
  readonly rule: string;
};

/** A client's JSON schema of the answer or of a tool's arguments, not validated yet. */
export type AskedSchema = {
  /** Null for a tool without one. */
  readonly schema: Json;
  /** Path of the field that holds it. */
  readonly param: string;
  /** Whether keywords that cannot be enforced are refused. Otherwise they are left out and listed as ignored. */
  readonly isStrict: boolean;
};

/** A tool whose schema has not been compiled. */
export type AskedTool = Pick<Tool, "name" | "definition"> & {
  readonly parameters: AskedSchema;
};

export type ToolUse<T = Tool> = {
  /**
   * GBNF of the arguments of all tools, one rule per line, in the syntax in which the model writes them. Absent until the
   * schemas are compiled.
   */
  readonly rules?: string;
  /** All tools that the prompt lists. */
  readonly tools: readonly T[];
  /** Names of the tools that the model may call now. */
  readonly callable: readonly string[];
  /** Whether the answer must be a call. */
  readonly isRequired: boolean;
  /** Whether one answer may have several calls. */
  readonly isParallel: boolean;
};

export type Prompt<T = Tool> =
  /** Rendered by the model's chat template. */
  | {
      readonly type: "messages";
      readonly messages: readonly Message[];
      /** Null if the model may not call any tool. */
      readonly tools: ToolUse<T> | null;
      /** Whether the answer continues the last message, which is then the assistant's. */
      readonly continuesLast: boolean;
      readonly reasoning: ReasoningOptions;
      /** Additional variables of the chat template. */
      readonly variables: { readonly [name: string]: Json };
    }
  /** Sent to the model without a chat template. Texts of control tokens become control tokens. */
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "tokens"; readonly tokens: readonly number[] }
  /** The answer is the text between the two. */
  | { readonly type: "infill"; readonly prefix: string; readonly suffix: string };

/** How much a model reasons before it answers. */
export type ReasoningOptions = {
  /** OpenAI's `reasoning_effort`; `none` switches reasoning off, null leaves it to the chat template. */
  readonly effort: string | null;
  /** Maximum number of reasoning tokens; null for no limit. */
  readonly budgetTokens: number | null;
  /** Whether reasoning is separated from the answer. Otherwise it is part of the text. */
  readonly isSeparate: boolean;
};

/** Number of seeds: 0 to 2^32 - 2. llama.cpp takes 2^32 - 1 as "random". */
export const SEEDS = 2 ** 32 - 1;

/** How the next token is sampled. No field has a default here: each dialect fills in its API's defaults. */
export type SamplingParams = {
  /** 0 always takes the likeliest token. */
  readonly temperature: number;
  /** 1 switches it off. */
  readonly topP: number;
  /** Keeps the k likeliest tokens; 0 switches it off. */
  readonly topK: number;
  /** Drops tokens whose probability is below this share of the likeliest token's; 0 switches it off. */
  readonly minP: number;
  /** An integer below `SEEDS`. */
  readonly seed: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  /** Divides the logits of tokens that are already in the answer; 1 switches it off. */
  readonly repeatPenalty: number;
  /** All three penalties apply to this many of the answer's last tokens. */
  readonly penaltyTokens: number;
  /** Pairs of a token id and the bias that is added to its logit. */
  readonly logitBias: readonly (readonly [token: number, bias: number])[];
};

/** Which logprobs to return; see `TokenLogprob`. */
export type LogprobOptions = {
  /** Number of alternatives per token; 0 for the token alone. */
  readonly alternatives: number;
  /** Whether the prompt is returned before the answer, with logprobs. */
  readonly includesPrompt: boolean;
};

export type GenerateRequest = {
  readonly prompt: Prompt;
  readonly sampling: SamplingParams;
  /** Generation stops at the first of these strings. The answer never includes them. */
  readonly stop: readonly string[];
  /** Maximum number of tokens to generate; null means as many as the context holds. */
  readonly maxTokens: number | null;
  /** The model cannot end its answer before this many tokens. */
  readonly minTokens: number;
  /** The model cannot end its answer: only a limit or a stop string can. */
  readonly ignoreEos: boolean;
  /** GBNF grammar of the answer; null for free text. The answer ends when it is complete. */
  readonly grammar: string | null;
  /** Null for no logprobs. */
  readonly logprobs: LogprobOptions | null;
  /** Whether the answer begins with the prompt's text. */
  readonly echoesPrompt: boolean;
  /** Whether to send `prompt-progress` events. */
  readonly reportsProgress: boolean;
  /** Whether to use the KV cache of an earlier request with the same prefix, and to leave this one's for later requests. */
  readonly reusePrefix: boolean;
};

/** A prompt as a dialect makes it. */
export type AskedPrompt = Prompt<AskedTool>;

/** A request as a dialect makes it, with schemas that have not been compiled. */
export type AskedRequest = Omit<GenerateRequest, "prompt" | "grammar"> & {
  readonly prompt: AskedPrompt;
  /** GBNF, or a schema that will be compiled to GBNF; null for free text. */
  readonly grammar: string | AskedSchema | null;
};

/** How to parse and constrain the model's output. `prepare` derives it from the model's chat template. */
export type OutputPlan = {
  /** Name of the format of tool calls in the worker's table; null if there are no calls to parse. */
  readonly toolFormat: string | null;
  /** Names of the tools that the model may call. */
  readonly toolNames: readonly string[];
  /** Name of the format of reasoning in the worker's table; null if there is no reasoning to separate. */
  readonly reasoningFormat: string | null;
  /** Whether reasoning stays in the text, including the markers around it. */
  readonly keepsReasoningInText: boolean;
  /** Whether the prompt ends inside a reasoning block. */
  readonly startsInReasoning: boolean;
  readonly reasoningBudgetTokens: number | null;
  /** Null for free text. */
  readonly answerGrammar: {
    readonly text: string;
    /** `start`: from the first token after the reasoning block. `text`: answer text only, not reasoning or message headers. */
    readonly appliesFrom: "start" | "text";
  } | null;
  /** GBNF that applies from the beginning of a call to the end of the answer; null for none. */
  readonly callGrammar: string | null;
};

/** All output is free text. */
export const PLAIN_OUTPUT: OutputPlan = {
  toolFormat: null,
  toolNames: [],
  reasoningFormat: null,
  keepsReasoningInText: false,
  startsInReasoning: false,
  reasoningBudgetTokens: null,
  answerGrammar: null,
  callGrammar: null,
};

/**
 * Where a model with state saves it while it reads a prompt, as numbers of tokens; see `worker/prompt/checkpoint-places.ts`. 0
 * saves nothing.
 */
export type CheckpointPlaces = {
  /** The end of the system prompt, which other conversations share. */
  readonly system: number;
  /** The end of the last message, after which the next turn of the conversation may differ. */
  readonly turn: number;
};

/** A request whose prompt has been rendered and tokenized and fits the context. Nothing in it can be refused any more. */
export type PreparedRequest = Omit<GenerateRequest, "prompt" | "maxTokens" | "grammar"> & {
  readonly promptTokens: Uint32Array;
  /** At least 1 (0 if only the prompt is wanted), and never more than the context holds after the prompt. */
  readonly maxTokens: number;
  readonly output: OutputPlan;
  /** Null for a model that can go back to any token of its cache. */
  readonly checkpoints: CheckpointPlaces | null;
};
