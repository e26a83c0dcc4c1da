// The data of a conversation, as the browser stores it and the page shows it. Stored field names never change.

export type Conversation = {
  readonly id: string;
  /** Empty until the first question gives it a name. */
  readonly title: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** Whether the user keeps it at the top of the list. */
  readonly isPinned?: boolean;
  readonly settings: ChatSettings;
  /** The turns that are shown and sent: a path through the tree, from a first turn to a last one. */
  readonly turns: readonly ChatTurn[];
  /** Absent while no turn has another version. Only versions.ts changes it. */
  readonly tree?: TurnTree;
  /** How many of the oldest turns are no longer sent, because the history no longer fits the context. */
  readonly omittedTurns: number;
};

/** Every version of every turn. A regenerated answer or an edited question stands beside the one before it. */
export type TurnTree = {
  /** Every turn in order of creation, so that a parent stands before its children. */
  readonly places: readonly TurnPlace[];
  /** The turns that are not shown. */
  readonly hidden: readonly ChatTurn[];
};

export type TurnPlace = {
  /** Id of the turn. */
  readonly id: string;
  /** Id of the turn before it; null for a first one. */
  readonly parentId: string | null;
  /** `omittedTurns` of the conversation when this last turn was left for another version. Absent for 0. */
  readonly omittedTurns?: number;
};

export type ChatTurn = ChatQuestion | ChatAnswer | ChatToolResult;

export type ChatQuestion = {
  readonly kind: "question";
  readonly id: string;
  readonly text: string;
  /** Sent before the text. Absent in questions without files. */
  readonly files?: readonly ChatFile[];
};

/** The text of an attached file. */
export type ChatFile = {
  readonly name: string;
  readonly text: string;
};

/** The result of a tool call, typed in by the user. */
export type ChatToolResult = {
  readonly kind: "tool-result";
  readonly id: string;
  readonly callId: string;
  readonly name: string;
  readonly text: string;
};

/** An answer of the model, complete or still streaming. */
export type ChatAnswer = {
  readonly kind: "answer";
  readonly id: string;
  readonly startedAtMs: number;
  /** The model's id from the server; null until the first chunk. */
  readonly model: string | null;
  readonly phase: Phase;
  readonly text: string;
  /** The reasoning before the answer. */
  readonly thoughts: string;
  /** When the reasoning began, in ms since 1970; null without reasoning. */
  readonly thinkingSinceMs: number | null;
  /** How long the reasoning took; null while it runs, or without reasoning. */
  readonly thoughtMs: number | null;
  readonly calls: readonly ChatToolCall[];
  readonly finishReason: ChatFinishReason | null;
  /** Set only in the phase `failed`. */
  readonly failure: RequestFailure | null;
  readonly numbers: AnswerStatistics | null;
  /** Where to reconnect to the stream; null if that is not possible. */
  readonly stream: StreamPosition | null;
};

export type ChatToolCall = {
  readonly id: string;
  readonly name: string;
  /** JSON, incomplete while it streams. */
  readonly arguments: string;
};

export type ChatFinishReason = "stop" | "length" | "tool_calls";

/** States of an answer that waits for its first text, or for a new connection. */
export type WaitPhase =
  /** `etaMs` is absent in answers that an older page has stored. */
  | { readonly type: "loading"; readonly progress: number | null; readonly etaMs?: number | null }
  | { readonly type: "restarting" }
  | { readonly type: "queued"; readonly position: number; readonly etaMs: number | null }
  | { readonly type: "reading"; readonly processed: number; readonly total: number }
  | { readonly type: "reconnecting"; readonly attempt: number };

/** State of an answer. The last three are final. */
export type Phase =
  | WaitPhase
  | { readonly type: "connecting" }
  | { readonly type: "thinking" }
  | { readonly type: "writing" }
  | { readonly type: "calling" }
  | { readonly type: "done" }
  | { readonly type: "stopped" }
  | { readonly type: "failed" };

/** An error response of the server, or a failure to reach it. */
export type RequestFailure = {
  /** HTTP status; null without a response, or if the stream had begun. */
  readonly status: number | null;
  /** The server's `code`, or one of the page: `unreachable`, `connection_lost`, `bad_answer`, ... */
  readonly code: string;
  readonly message: string;
  /** The request field that is wrong. */
  readonly param: string | null;
  /** When the request may be retried, in ms since 1970. */
  readonly retryAtMs: number | null;
};

/** From the server's `timings` and `usage`; times in ms. */
export type AnswerStatistics = {
  readonly queueMs: number;
  readonly prefillMs: number;
  /** From the request's arrival to the first token. */
  readonly firstTokenMs: number | null;
  readonly totalMs: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly generatedTokens: number;
  readonly seed: number | null;
  /** Absent if the cache had all that it could have. */
  readonly cacheMiss?: MissedTokens;
};

/** Prompt tokens that the server's cache would have had, but for this cause. */
export type MissedTokens = {
  readonly tokens: number;
  /** The part of the prompt that changed (`system`, `tools`, `messages`), or the server's reason if none did. */
  readonly cause: string;
  /** For `messages`: the number of the message, from 0. */
  readonly message: number | null;
};

export type StreamPosition = {
  /** Path and query on the server. */
  readonly address: string;
  /** The last event that the answer includes; null before the first. */
  readonly lastEventId: string | null;
};

/** How much the model reasons; null leaves that to the model. */
export type ReasoningEffort = "none" | "low" | "medium" | "high";

/** Settings of one conversation. Null means the server's default. Settings of an older page lack the optional ones. */
export type ChatSettings = {
  readonly model: string | null;
  readonly system: string;
  /** 0 to 2. */
  readonly temperature: number | null;
  /** 0 to 1. */
  readonly topP: number | null;
  readonly maxTokens: number | null;
  readonly seed: number | null;
  readonly stop: readonly string[];
  /** A JSON schema as typed; empty for free text. */
  readonly jsonSchema: string;
  /** A JSON list of tools in OpenAI's format as typed; empty for none. */
  readonly tools: string;
  readonly topK?: number | null;
  /** 0 to 1. */
  readonly minP?: number | null;
  readonly repeatPenalty?: number | null;
  /** -2 to 2. */
  readonly presencePenalty?: number | null;
  /** -2 to 2. */
  readonly frequencyPenalty?: number | null;
  /** The penalties apply to this many of the last tokens; -1 means all of the answer. */
  readonly penaltyTokens?: number | null;
  readonly minTokens?: number | null;
  /** A JSON object of token ids and biases as typed; empty for none. */
  readonly logitBias?: string;
  readonly reasoningEffort?: ReasoningEffort | null;
  readonly reasoningTokens?: number | null;
};

/** Has every setting, so that it also resets those that are optional. */
export const DEFAULT_SETTINGS: Required<ChatSettings> = {
  model: null,
  system: "",
  temperature: 0.7,
  topP: null,
  maxTokens: null,
  seed: null,
  stop: [],
  jsonSchema: "",
  tools: "",
  topK: null,
  minP: null,
  repeatPenalty: null,
  presencePenalty: null,
  frequencyPenalty: null,
  penaltyTokens: null,
  minTokens: null,
  logitBias: "",
  reasoningEffort: null,
  reasoningTokens: null,
};

export function newestFirst(conversations: readonly Conversation[]): readonly Conversation[] {
  return conversations.toSorted((one, other) => other.updatedAtMs - one.updatedAtMs);
}

/** Whether the last turn is an answer that has not ended. */
export function hasRunningAnswer({ turns }: Conversation): boolean {
  const last = turns.at(-1);
  return last?.kind === "answer" && !hasEnded(last);
}

export function hasEnded({ phase: { type } }: ChatAnswer): boolean {
  return type === "done" || type === "stopped" || type === "failed";
}

/** The turn as it is kept without a reader: ended, and without the address of its stream, which gives access to it. */
export function withoutStream(turn: ChatTurn): ChatTurn {
  if (turn.kind !== "answer") return turn;
  return { ...turn, ...(hasEnded(turn) ? {} : { phase: { type: "stopped" } }), stream: null };
}
