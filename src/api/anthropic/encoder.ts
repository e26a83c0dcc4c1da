// Encoder of POST /v1/messages: one message of blocks, streamed as typed events.
// https://docs.anthropic.com/en/docs/build-with-claude/streaming

import type { Choice } from "../../generation/choice.ts";
import type { Delta, Ending, Receipt, Usage } from "../../generation/events.ts";
import type { PrefillStatus } from "../../generation/wait-status.ts";
import type { AnswerEncoder, AnswerIdentity, Frame } from "../dialect.ts";
import { callId, parseArguments } from "../shared/tool-calls.ts";
import type {
  AnthropicBlock,
  AnthropicDelta,
  AnthropicEnding,
  AnthropicEvent,
  AnthropicMessage,
  AnthropicUsage,
} from "./answer.ts";
import { encodeDiagnostics, messageId } from "./diagnostics.ts";

export const PING: Frame = frame({ type: "ping" });

const NO_USAGE: Usage = {
  promptTokens: 0,
  cachedTokens: 0,
  completionTokens: 0,
  reasoningTokens: 0,
};
const STOP_REASONS = { stop: "end_turn", length: "max_tokens", "tool-calls": "tool_use" } as const;

type MessageOptions = {
  /** Whether reasoning is left out of the answer. */
  readonly hidesReasoning: boolean;
  /** Whether the answer has the field for diagnostics. */
  readonly hasDiagnostics: boolean;
};

/** There is always one choice, because Anthropic's API has no field for more. */
export class AnthropicEncoder implements AnswerEncoder {
  readonly #identity: AnswerIdentity;
  readonly #options: MessageOptions;
  #isOpen = false;
  /** Type of the open block; null between blocks. */
  #block: Delta["type"] | null = null;
  /** Number of blocks begun so far. */
  #blocks = 0;

  constructor(identity: AnswerIdentity, options: MessageOptions) {
    this.#identity = identity;
    this.#options = options;
  }

  /** The first progress event opens the stream, because `message_start` states how much of the prompt was cached. */
  progress(_choice: number, { total, cached }: PrefillStatus): readonly Frame[] {
    return this.#open({ ...NO_USAGE, promptTokens: total, cachedTokens: cached });
  }

  delta(_choice: number, delta: Delta): readonly Frame[] {
    const frames = [...this.#open(NO_USAGE)];
    if (delta.type === "reasoning-delta" && this.#options.hidesReasoning) return frames;
    const beginsCall = delta.type === "tool-call-delta" && delta.name !== null;
    if (delta.text === "" && !beginsCall) return frames; // no empty blocks
    if (beginsCall || this.#block !== delta.type) frames.push(...this.#close(), this.#begin(delta));
    if (delta.text !== "") frames.push(this.#blockDelta(encodeDelta(delta)));
    return frames;
  }

  finish(_choice: number, ending: Ending, receipt: Receipt | null): readonly Frame[] {
    return [
      ...this.#open(NO_USAGE),
      ...this.#close(),
      frame({
        type: "message_delta",
        delta: encodeEnding(ending),
        usage: encodeUsage(receipt?.usage ?? NO_USAGE),
      }),
      frame({ type: "message_stop" }),
    ];
  }

  body([choice]: readonly [Choice], { usage }: Receipt): AnthropicMessage {
    return this.#message(this.#content(choice), encodeEnding(choice.ending), usage);
  }

  #open(usage: Usage): readonly Frame[] {
    if (this.#isOpen) return [];
    this.#isOpen = true;
    const ending = { stop_reason: null, stop_sequence: null, stop_details: null };
    return [frame({ type: "message_start", message: this.#message([], ending, usage) }), PING];
  }

  #begin(delta: Delta): Frame {
    this.#block = delta.type;
    const index = this.#blocks++;
    return frame({ type: "content_block_start", index, content_block: this.#emptyBlock(delta) });
  }

  #blockDelta(delta: AnthropicDelta): Frame {
    return frame({ type: "content_block_delta", index: this.#blocks - 1, delta });
  }

  #close(): readonly Frame[] {
    if (this.#block === null) return [];
    const isReasoning = this.#block === "reasoning-delta";
    this.#block = null;
    const stop = frame({ type: "content_block_stop", index: this.#blocks - 1 });
    // This server signs nothing, but Anthropic's thinking blocks always end with a signature.
    const signature: AnthropicDelta = { type: "signature_delta", signature: "" };
    return isReasoning ? [this.#blockDelta(signature), stop] : [stop];
  }

  #emptyBlock(delta: Delta): AnthropicBlock {
    switch (delta.type) {
      case "text-delta":
        return textBlock("");
      case "reasoning-delta":
        return thinkingBlock("");
      case "tool-call-delta":
        return this.#toolUse(delta.name ?? "", delta.index, {});
    }
  }

  #content({ text, reasoning, toolCalls }: Choice): AnthropicBlock[] {
    const showsReasoning = reasoning !== "" && !this.#options.hidesReasoning;
    return [
      ...(showsReasoning ? [thinkingBlock(reasoning)] : []),
      ...(text === "" ? [] : [textBlock(text)]),
      // A call that was cut off has no input; the stop reason is `max_tokens` then.
      ...toolCalls.map((call, index) =>
        this.#toolUse(call.name, index, parseArguments(call.arguments) ?? {}),
      ),
    ];
  }

  #toolUse(name: string, index: number, input: Record<string, unknown>): AnthropicBlock {
    return { type: "tool_use", id: callId("toolu", this.#identity.id, index), name, input };
  }

  #message(content: AnthropicBlock[], ending: AnthropicEnding, usage: Usage): AnthropicMessage {
    const { id, model, comparison } = this.#identity;
    const { hasDiagnostics } = this.#options;
    return {
      id: messageId(id),
      type: "message",
      role: "assistant",
      model,
      content,
      ...ending,
      usage: { ...encodeUsage(usage), service_tier: "standard" },
      ...(hasDiagnostics ? { diagnostics: encodeDiagnostics(comparison) } : {}),
    };
  }
}

function textBlock(text: string): AnthropicBlock {
  return { type: "text", text };
}

function thinkingBlock(thinking: string): AnthropicBlock {
  return { type: "thinking", thinking, signature: "" };
}

function encodeDelta({ type, text }: Delta): AnthropicDelta {
  switch (type) {
    case "text-delta":
      return { type: "text_delta", text };
    case "reasoning-delta":
      return { type: "thinking_delta", thinking: text };
    case "tool-call-delta":
      return { type: "input_json_delta", partial_json: text };
  }
}

function encodeEnding({ reason, stopString }: Ending): AnthropicEnding {
  const stop_reason = stopString === null ? STOP_REASONS[reason] : "stop_sequence";
  return { stop_reason, stop_sequence: stopString, stop_details: null };
}

/** Anthropic counts cached tokens apart from `input_tokens`. */
function encodeUsage(usage: Usage): AnthropicUsage {
  const { promptTokens, cachedTokens, completionTokens, reasoningTokens } = usage;
  return {
    input_tokens: promptTokens - cachedTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cachedTokens,
    output_tokens: completionTokens,
    output_tokens_details: { thinking_tokens: reasoningTokens },
  };
}

/** Every event has its type twice: as the SSE event name, and in its data. */
function frame(event: AnthropicEvent): Frame {
  return { event: event.type, data: JSON.stringify(event) };
}
