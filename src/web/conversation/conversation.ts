// What a conversation is: plain data, as it is kept in the browser and shown on the page.

export type Conversation = {
  readonly id: string;
  /** Empty until there is a question to name it after. */
  readonly title: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly settings: ChatSettings;
  readonly turns: readonly Turn[];
  /** So many turns at its beginning are not sent any more, since the history no longer fits the context. */
  readonly omittedTurns: number;
};

export type Turn = Question | Answer | ToolResult;

export type Question = {
  readonly kind: "question";
  readonly id: string;
  readonly text: string;
};

/** What somebody says that a tool has given, in answer to a call of the model. */
export type ToolResult = {
  readonly kind: "tool-result";
  readonly id: string;
  readonly callId: string;
  readonly name: string;
  readonly text: string;
};

/** An answer of the model, also one that is still coming. */
export type Answer = {
  readonly kind: "answer";
  readonly id: string;
  readonly startedAtMs: number;
  /** The id of the model, as the server names it; null before it has said so. */
  readonly model: string | null;
  readonly phase: Phase;
  readonly text: string;
  readonly thoughts: string;
  /** When its thoughts began, in ms since 1970; null before them. */
  readonly thinkingSinceMs: number | null;
  /** How long it has thought; null while it does, or if it has not. */
  readonly thoughtMs: number | null;
  readonly calls: readonly ToolCall[];
  readonly finishReason: FinishReason | null;
  /** What went wrong; only if its phase is `failed`. */
  readonly failure: Failure | null;
  readonly numbers: Numbers | null;
  /** Where the stream can be come back to; null when it cannot. */
  readonly stream: StreamPlace | null;
};

export type ToolCall = {
  readonly id: string;
  readonly name: string;
  /** JSON, perhaps not whole yet. */
  readonly arguments: string;
};

export type FinishReason = "stop" | "length" | "tool_calls";

/** Where an answer is. The last three are ends. */
export type Phase =
  | { readonly type: "connecting" }
  | { readonly type: "loading"; readonly progress: number | null }
  | { readonly type: "restarting" }
  | { readonly type: "queued"; readonly position: number; readonly etaMs: number | null }
  | { readonly type: "reading"; readonly processed: number; readonly total: number }
  | { readonly type: "thinking" }
  | { readonly type: "writing" }
  | { readonly type: "calling" }
  | { readonly type: "reconnecting"; readonly attempt: number }
  | { readonly type: "done" }
  | { readonly type: "stopped" }
  | { readonly type: "failed" };

/** An error of the server in its own words, or of the way there. */
export type Failure = {
  /** HTTP status; null where there was no answer at all, or the stream had begun. */
  readonly status: number | null;
  /** The server's `code`, or `unreachable`, `connection_lost`, `bad_answer`. */
  readonly code: string;
  readonly message: string;
  /** The field that is wrong. */
  readonly param: string | null;
  /** When it may be tried again, in ms since 1970. */
  readonly retryAtMs: number | null;
};

/** Of the server's `timings` and `usage`; times in ms. */
export type Numbers = {
  readonly queueMs: number;
  readonly prefillMs: number;
  /** From the request's arrival to the first token. */
  readonly firstTokenMs: number | null;
  readonly totalMs: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly generatedTokens: number;
  readonly seed: number | null;
};

export type StreamPlace = {
  /** Path and query at the server. */
  readonly address: string;
  /** The last event that this answer has in it; null before the first. */
  readonly lastEventId: string | null;
};

/** What a person may set for one conversation. Null is the server's own default. */
export type ChatSettings = {
  /** The id of a served model; null takes the server's. */
  readonly model: string | null;
  readonly system: string;
  /** 0 to 2. */
  readonly temperature: number | null;
  /** 0 to 1. */
  readonly topP: number | null;
  readonly maxTokens: number | null;
  readonly seed: number | null;
  readonly stop: readonly string[];
  /** A JSON schema as it was typed; empty for free text. */
  readonly jsonSchema: string;
  /** A JSON list of tools in OpenAI's form as it was typed; empty for none. */
  readonly tools: string;
};

export const DEFAULT_SETTINGS: ChatSettings = {
  ...{ model: null, system: "", temperature: 0.7, topP: null, maxTokens: 1024, seed: null },
  ...{ stop: [], jsonSchema: "", tools: "" },
};

/** Whether nothing more comes. */
export function hasEnded({ phase: { type } }: Answer): boolean {
  return type === "done" || type === "stopped" || type === "failed";
}
