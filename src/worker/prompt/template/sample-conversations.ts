// Sample conversations for the check of a chat template. All their texts are words that no template contains, so a text that the
// template shows can be found in the prompt.

import type { Message, ToolCall } from "../../../generation/request.ts";

export type SampleKind =
  | "system"
  | "user"
  | "answer"
  | "reasoned-answer"
  /** An answer without text. */
  | "empty"
  | "call"
  | "text-call"
  | "reasoning-text-call"
  /** The same, but the prompt need not show the reasoning. */
  | "unshown-reasoning-text-call"
  /** Two calls of one tool. */
  | "calls"
  /** The result of the first call that has none. */
  | "result"
  /** A result without a call. */
  | "stray-result";

/** The texts of each message have its position in them. */
export function sampleConversation(kinds: readonly SampleKind[]): readonly Message[] {
  const open: ToolCall[] = [];
  return kinds.map((kind, index) => {
    const message = sampleMessage(kind, index + 10, open);
    if (message.role === "assistant") open.push(...message.toolCalls);
    return message;
  });
}

function sampleMessage(kind: SampleKind, number: number, open: ToolCall[]): Message {
  const content = `needletext${number}`;
  const reasoning = `needlereason${number}`;
  const plain = { role: "assistant", content, reasoning: null, toolCalls: [] } as const;
  const call = sampleCall(number, "a");
  switch (kind) {
    case "system":
    case "user":
      return { role: kind, content };
    case "answer":
      return plain;
    case "reasoned-answer":
      return { ...plain, reasoning };
    case "empty":
      return { ...plain, content: "" };
    case "call":
      return { ...plain, content: "", toolCalls: [call] };
    case "text-call":
      return { ...plain, toolCalls: [call] };
    case "reasoning-text-call":
      return { ...plain, reasoning, toolCalls: [call] };
    case "unshown-reasoning-text-call":
      return { ...plain, reasoning: "unshown", toolCalls: [call] };
    case "calls":
      return { ...plain, content: "", toolCalls: [call, sampleCall(number, "b")] };
    case "result": {
      const { id, name } = open.shift() ?? call;
      return { role: "tool", content, toolCallId: id, name };
    }
    case "stray-result":
      return { role: "tool", content, toolCallId: call.id, name: null };
  }
}

function sampleCall(number: number, letter: string): ToolCall {
  return {
    id: `call_${number}${letter}`,
    name: `needlename${number}`,
    arguments: { [`needlekey${number}${letter}`]: `needlevalue${number}${letter}` },
  };
}

/** The texts that a prompt of these messages must show. */
export function textsOf(messages: readonly Message[]): readonly string[] {
  return JSON.stringify(messages).match(/needle\w+/g) ?? [];
}
