// Complete sample data for the tests. A test overrides only the fields it is about.

import {
  type ChatAnswer,
  type ChatQuestion,
  type ChatSettings,
  type ChatToolCall,
  type ChatToolResult,
  type ChatTurn,
  type Conversation,
  DEFAULT_SETTINGS,
} from "../../../src/web/conversation/conversation.ts";

export function question(text: string, id = `q-${text}`): ChatQuestion {
  return { kind: "question", id, text };
}

export function answer(text: string, more: Partial<ChatAnswer> = {}): ChatAnswer {
  return {
    kind: "answer",
    id: `a-${text}`,
    startedAtMs: 1000,
    model: "builtin",
    phase: { type: "done" },
    text,
    thoughts: "",
    thinkingSinceMs: null,
    thoughtMs: null,
    calls: [],
    finishReason: "stop",
    failure: null,
    numbers: null,
    stream: null,
    ...more,
  };
}

export function call(id: string, json = '{"city":"Paris"}'): ChatToolCall {
  return { id, name: "get_weather", arguments: json };
}

export function toolResult(callId: string, text = "sunny"): ChatToolResult {
  return { kind: "tool-result", id: `r-${callId}`, callId, name: "get_weather", text };
}

export function conversation(
  turns: readonly ChatTurn[],
  more: Partial<Omit<Conversation, "turns">> = {},
): Conversation {
  return {
    id: "c1",
    title: "A title",
    createdAtMs: 1,
    updatedAtMs: 2,
    omittedTurns: 0,
    settings: DEFAULT_SETTINGS,
    turns,
    ...more,
  };
}

export function settings(more: Partial<ChatSettings>): ChatSettings {
  return { ...DEFAULT_SETTINGS, ...more };
}
