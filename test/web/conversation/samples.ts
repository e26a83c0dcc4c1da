// Conversations for the tests: whole ones, of which a test names only what it is about.

import {
  type Answer,
  type ChatSettings,
  type Conversation,
  DEFAULT_SETTINGS,
  type Question,
  type ToolCall,
  type ToolResult,
  type Turn,
} from "../../../src/web/conversation/conversation.ts";

export function question(text: string, id = `q-${text}`): Question {
  return { kind: "question", id, text };
}

export function answer(text: string, more: Partial<Answer> = {}): Answer {
  return {
    ...{ kind: "answer", id: `a-${text}`, startedAtMs: 1000, model: "builtin" },
    ...{
      phase: { type: "done" },
      text,
      thoughts: "",
      thinkingSinceMs: null,
      thoughtMs: null,
      calls: [],
    },
    ...{ finishReason: "stop", failure: null, numbers: null, stream: null },
    ...more,
  };
}

export function call(id: string, given = '{"city":"Paris"}'): ToolCall {
  return { id, name: "get_weather", arguments: given };
}

export function toolResult(callId: string, text = "sunny"): ToolResult {
  return { kind: "tool-result", id: `r-${callId}`, callId, name: "get_weather", text };
}

export function conversation(
  turns: readonly Turn[],
  more: Partial<Omit<Conversation, "turns">> = {},
): Conversation {
  return {
    ...{ id: "c1", title: "A title", createdAtMs: 1, updatedAtMs: 2, omittedTurns: 0 },
    settings: DEFAULT_SETTINGS,
    turns,
    ...more,
  };
}

export function settings(more: Partial<ChatSettings>): ChatSettings {
  return { ...DEFAULT_SETTINGS, ...more };
}
