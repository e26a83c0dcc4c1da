// What a client asks, free of any wire format. Dialects make it (`Asked...`: with JSON schemas as they came), the engine
// reads it (with what the schemas became); plain data that may cross processes.

/** What JSON can say. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

export type ToolCall = {
  /** As the client or an earlier answer named it. */
  readonly id: string;
  readonly name: string;
  readonly arguments: { readonly [name: string]: Json };
};

export type Message =
  | { readonly role: "system" | "user"; readonly content: string }
  | {
      readonly role: "assistant";
      readonly content: string;
      /** Thoughts before the content; null for none. Templates show them to the model or leave them out. */
      readonly reasoning: string | null;
      readonly toolCalls: readonly ToolCall[];
    }
  | {
      readonly role: "tool";
      readonly content: string;
      /** The call that this is the result of; null when the client names none. */
      readonly toolCallId: string | null;
      /** Of the tool; null when it cannot be known. */
      readonly name: string | null;
    };

/** A tool that the model may call. */
export type Tool = {
  readonly name: string;
  /** As the client wrote it: templates show it to the model. */
  readonly definition: Json;
  /** JSON Schema of its arguments, with nothing in it that cannot be enforced. */
  readonly parameters: Json;
  readonly rules: ArgumentRules;
};

/** GBNF of a tool's arguments, for models that write them as JSON. */
export type ArgumentRules = {
  /** Name of the rule; those of all tools of a request begin differently. */
  readonly name: string;
  /** All rules, one a line. */
  readonly text: string;
  /** Written out. */
  readonly elements: number;
};

/** A JSON schema as the client wrote it, and where. It has not been looked at. */
export type AskedSchema = { readonly schema: Json; readonly param: string };

/** The schema of a tool's arguments; null where there is none. */
export type AskedArguments = AskedSchema & {
  /** Whether what cannot be enforced is refused; else it is left out, and named. */
  readonly isStrict: boolean;
};

/** A tool whose schema has not been compiled. */
export type AskedTool = Pick<Tool, "name" | "definition"> & {
  readonly parameters: AskedArguments;
};

export type ToolUse<T = Tool> = {
  /** The model is told of all of them. */
  readonly tools: readonly T[];
  /** Names of those that it may call now. */
  readonly callable: readonly string[];
  /** Whether the answer has to be a call. */
  readonly isRequired: boolean;
  /** Whether one answer may hold several. */
  readonly isParallel: boolean;
};

export type Prompt<T = Tool> =
  /** Rendered by the model's chat template. */
  | {
      readonly type: "messages";
      readonly messages: readonly Message[];
      /** Null when none may be called. */
      readonly tools: ToolUse<T> | null;
      /** Whether the answer goes on with the last message, which is the assistant's. */
      readonly continuesLast: boolean;
      readonly reasoning: ReasoningOptions;
      /** Further variables of the template. */
      readonly variables: { readonly [name: string]: Json };
    }
  /** Goes to the model as it is, control tokens included. */
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "tokens"; readonly tokens: readonly number[] }
  /** The answer belongs between the two. */
  | { readonly type: "infill"; readonly prefix: string; readonly suffix: string };

/** What is asked of a model that thinks before it answers. */
export type ReasoningOptions = {
  /** OpenAI's word for how much, `none` for not at all; null leaves it to the template. */
  readonly effort: string | null;
  /** Tokens of thoughts after which it has to answer; null is no limit. */
  readonly budgetTokens: number | null;
  /** Whether thoughts are told from the answer; else they are part of its text. */
  readonly isSeparate: boolean;
};

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

/** Which tokens are scored; see `TokenLogprob`. */
export type LogprobOptions = {
  /** Alternatives of each token; 0 for the token alone. */
  readonly alternatives: number;
  /** Whether the prompt comes back before the answer, scored. */
  readonly includesPrompt: boolean;
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
  /** Null for no logprobs. */
  readonly logprobs: LogprobOptions | null;
  /** Whether the prompt's text comes before the answer's. */
  readonly echoesPrompt: boolean;
  /** Whether `prompt-progress` events are wanted. */
  readonly reportsProgress: boolean;
  /** Whether the KV cache of an earlier request with the same beginning is used, and this one's left for others. */
  readonly reusePrefix: boolean;
};

/** A prompt as a dialect makes it. */
export type AskedPrompt = Prompt<AskedTool>;

/** A request as a dialect makes it: its schemas have not been compiled. */
export type AskedRequest = Omit<GenerateRequest, "prompt" | "grammar"> & {
  readonly prompt: AskedPrompt;
  /** GBNF, or a schema that becomes one; null when the answer may be anything. */
  readonly grammar: string | AskedSchema | null;
};

/** How the model's text is to be read, and held to a form: what `prepare` worked out from the model's template. */
export type OutputPlan = {
  /** How calls are written: a name in the worker's table; null when there are none to read. */
  readonly toolFormat: string | null;
  /** Names of the tools that may be called. */
  readonly toolNames: readonly string[];
  /** How thoughts are written: a name in the worker's table; null when there are none to tell from the answer. */
  readonly reasoningFormat: string | null;
  /** Whether thoughts stay part of the text, with what begins and ends them. */
  readonly keepsReasoningInText: boolean;
  /** Whether the prompt ends within thoughts. */
  readonly startsInReasoning: boolean;
  readonly reasoningBudgetTokens: number | null;
  /** Null when the answer may be anything. */
  readonly answerGrammar: {
    readonly text: string;
    /** `start`: all but thoughts that the prompt has begun. `text`: what is neither thought nor the header of a message. */
    readonly holds: "start" | "text";
  } | null;
  /** GBNF that holds from where a call begins, to the end; null for none. */
  readonly callGrammar: string | null;
};

/** All is text, and any text will do. */
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

/** A request whose prompt has been rendered, tokenized and found to fit: nothing about it can be refused any more. */
export type PreparedRequest = Omit<GenerateRequest, "prompt" | "maxTokens" | "grammar"> & {
  readonly promptTokens: Uint32Array;
  /** At least 1 (0 where the prompt alone is wanted), and never more than the context holds after the prompt. */
  readonly maxTokens: number;
  readonly output: OutputPlan;
};
