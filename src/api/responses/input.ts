// The items of a conversation → Message. The items of one answer (reasoning, text, calls) become one message, and the results
// of its calls follow it.

import type { Message, ToolCall } from "../../generation/request.ts";
import { customArguments } from "../shared/custom-tools.ts";
import { textWithNotes } from "../shared/parts.ts";
import { readArguments } from "../shared/tool-calls.ts";
import { type HostedReading, readHosted } from "./hosted-items.ts";
import type { InputItem } from "./items.ts";

/** A message of the assistant while its items are collected. */
type AssistantMessage = {
  readonly role: "assistant";
  reasoning: string | null;
  content: string;
  readonly toolCalls: ToolCall[];
};
type ResultMessage = Extract<Message, { readonly role: "tool" }>;
type OtherMessage = Extract<Message, { readonly role: "system" | "user" }>;
type ReadMessage = AssistantMessage | ResultMessage | OtherMessage;

/** Returns the name under which the model knows a tool. */
export type NameInModel = (name: string, namespace: string | null) => string;

export type InputOptions = {
  readonly instructions: string | null;
  readonly nameInModel: NameInModel;
};

export function readInput(
  given: readonly InputItem[],
  { instructions, nameInModel }: InputOptions,
): readonly Message[] {
  const conversation = new Conversation();
  if (instructions !== null) conversation.add({ role: "system", content: instructions });
  for (const item of given)
    for (const message of readItem(item, nameInModel)) conversation.add(message);
  return conversation.messages;
}

/** Paths of the items and fields that a model cannot read. */
export function ignoredItems(given: readonly InputItem[]): readonly string[] {
  return given.flatMap((item, index) => {
    const path = `input[${index}]`;
    if (item.type === "hosted") return readHosted(item.item) === null ? [path] : [];
    const isEncrypted = item.type === "reasoning" && item.encrypted_content;
    return isEncrypted ? [`${path}.encrypted_content`] : [];
  });
}

function readItem(item: InputItem, nameInModel: NameInModel): readonly ReadMessage[] {
  switch (item.type) {
    case "function_call": {
      const name = nameInModel(item.name, item.namespace ?? null);
      return [callMessage({ id: item.call_id, name, arguments: readArguments(item.arguments) })];
    }
    case "custom_tool_call": {
      const name = nameInModel(item.name, item.namespace ?? null);
      return [callMessage({ id: item.call_id, name, arguments: customArguments(item.input) })];
    }
    case "function_call_output":
    case "custom_tool_call_output":
      return [resultMessage(item.call_id, textWithNotes(item.output))];
    case "reasoning": {
      const parts = item.content ?? item.summary ?? [];
      const reasoning = parts.map(({ text }) => text).join("\n");
      return reasoning === "" ? [] : [{ role: "assistant", content: "", reasoning, toolCalls: [] }];
    }
    case "hosted":
      return messagesOf(readHosted(item.item));
    case "message": {
      const { role, content: given } = item;
      const content = textWithNotes(given);
      if (role === "assistant") return [{ role, content, reasoning: null, toolCalls: [] }];
      return [{ role: role === "developer" ? "system" : role, content }];
    }
  }
}

function messagesOf(reading: HostedReading | null): readonly ReadMessage[] {
  if (!reading) return [];
  const { id, call, result } = reading;
  return [
    ...(call ? [callMessage({ id, ...call })] : []),
    ...(result === null ? [] : [resultMessage(id, result)]),
  ];
}

function callMessage(call: ToolCall): AssistantMessage {
  return { role: "assistant", content: "", reasoning: null, toolCalls: [call] };
}

function resultMessage(toolCallId: string, content: string): ResultMessage {
  return { role: "tool", content, toolCallId, name: null };
}

/** Puts messages together. Chat templates expect the results of calls right after them, whatever came in between. */
class Conversation {
  /** Each is a message, or an answer with the results of its calls, or empty because an earlier answer has its text. */
  readonly #blocks: ReadMessage[][] = [];
  readonly #calls = new Map<string, { readonly at: number; readonly name: string }>();
  /** Indices of the blocks that are answers. Every join takes away those that it has looked at, so all joins are linear. */
  readonly #answers: number[] = [];

  get messages(): readonly Message[] {
    return this.#blocks.flat();
  }

  add(next: ReadMessage): void {
    if (next.role === "assistant") this.#addAnswer(next);
    else if (next.role === "tool") this.#addResult(next);
    else this.#blocks.push([next]);
  }

  #addAnswer(next: AssistantMessage): void {
    const last = this.#blocks.at(-1) ?? [];
    const [answer] = last;
    if (last.length === 1 && answer?.role === "assistant" && isSameAnswer(answer, next))
      append(answer, next);
    else this.#answers.push(this.#blocks.push([next]) - 1);
    const at = this.#blocks.length - 1;
    for (const { id, name } of next.toolCalls) this.#calls.set(id, { at, name });
  }

  #addResult(result: ResultMessage): void {
    const call = this.#calls.get(result.toolCallId ?? "");
    const block = call && this.#blocks[call.at];
    if (!block) return void this.#blocks.push([result]);
    this.#joinLater(block, call.at);
    block.push({ ...result, name: call.name });
  }

  /** Text of the assistant between a call and its result belongs to the answer with the call. */
  #joinLater([answer]: readonly ReadMessage[], at: number): void {
    const first = this.#answers.findLastIndex((each) => each <= at) + 1;
    for (const each of this.#answers.splice(first)) {
      const block = this.#blocks[each] ?? [];
      const [message] = block;
      const isText =
        block.length === 1 && message?.role === "assistant" && message.toolCalls.length === 0;
      if (!isText || answer?.role !== "assistant") continue;
      append(answer, message);
      block.length = 0;
    }
  }
}

/** Text after text or calls begins a new answer, and so does reasoning after anything. */
function isSameAnswer(earlier: AssistantMessage, later: AssistantMessage): boolean {
  const hasEnded = earlier.content !== "" || earlier.toolCalls.length > 0;
  if (later.reasoning !== null && (hasEnded || earlier.reasoning !== null)) return false;
  return later.content === "" || !hasEnded;
}

/** Modifies `earlier`, because copying would be slow for an answer with thousands of calls or texts. */
function append(earlier: AssistantMessage, later: AssistantMessage): void {
  earlier.reasoning ??= later.reasoning;
  const separator = earlier.content === "" || later.content === "" ? "" : "\n";
  earlier.content += separator + later.content;
  earlier.toolCalls.push(...later.toolCalls);
}
