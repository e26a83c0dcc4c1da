// Answers as Anthropic has them: one message of blocks, streamed as typed events.
// https://docs.anthropic.com/en/docs/build-with-claude/streaming

import type { Choice } from "../../generation/choice.ts";
import type { Delta, Ending, PromptProgress, Receipt, Usage } from "../../generation/events.ts";
import type { AnswerEncoder, AnswerIdentity, Frame } from "../dialect.ts";
import type {
  AnthropicBlock,
  AnthropicDelta,
  AnthropicEnding,
  AnthropicEvent,
  AnthropicMessage,
  AnthropicUsage,
} from "./answer.ts";

type JsonObject = Record<string, unknown>;

export type AnthropicEncoderOptions = {
  /** Whether thoughts stay with the server. */
  readonly hidesThoughts: boolean;
};

export const PING: Frame = frame({ type: "ping" });

const NO_USAGE: Usage = {
  promptTokens: 0,
  cachedTokens: 0,
  completionTokens: 0,
  reasoningTokens: 0,
};
const NO_ENDING: Ending = { reason: "stop", stopString: null };
const STOP_REASONS = { stop: "end_turn", length: "max_tokens", "tool-calls": "tool_use" } as const;

/** There is one choice: several cannot be asked for. */
export class AnthropicEncoder implements AnswerEncoder {
  readonly #identity: AnswerIdentity;
  readonly #options: AnthropicEncoderOptions;
  #isOpen = false;
  /** What the block is of that is not complete yet; null between blocks. */
  #block: Delta["type"] | null = null;
  /** Blocks so far. */
  #blocks = 0;

  constructor(identity: AnswerIdentity, options: AnthropicEncoderOptions) {
    this.#identity = identity;
    this.#options = options;
  }

  /** The first one says what of the prompt was cached, and opens the stream. */
  progress(_choice: number, { total, cached }: PromptProgress): readonly Frame[] {
    return this.#open({ ...NO_USAGE, promptTokens: total, cachedTokens: cached });
  }

  delta(_choice: number, delta: Delta): readonly Frame[] {
    const frames = [...this.#open(NO_USAGE)];
    if (delta.type === "reasoning-delta" && this.#options.hidesThoughts) return frames;
    const beginsCall = delta.type === "tool-call-delta" && delta.name !== null;
    if (delta.text === "" && !beginsCall) return frames; // a block of nothing would be an answer of its own
    if (beginsCall || this.#block !== delta.type) frames.push(...this.#close(), this.#begin(delta));
    if (delta.text !== "") frames.push(this.#more(encodeDelta(delta)));
    return frames;
  }

  finish(_choice: number, ending: Ending, receipt: Receipt | null): readonly Frame[] {
    return [
      ...this.#open(NO_USAGE),
      ...this.#close(),
      frame({
        type: "message_delta",
        delta: { ...encodeEnding(ending), container: null },
        usage: encodeUsage(receipt?.usage ?? NO_USAGE),
      }),
      frame({ type: "message_stop" }),
    ];
  }

  body([choice]: readonly Choice[], { usage }: Receipt): AnthropicMessage {
    const content = choice ? this.#content(choice) : [];
    return this.#message(content, encodeEnding(choice?.ending ?? NO_ENDING), usage);
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

  #more(delta: AnthropicDelta): Frame {
    return frame({ type: "content_block_delta", index: this.#blocks - 1, delta });
  }

  #close(): readonly Frame[] {
    if (this.#block === null) return [];
    const isThinking = this.#block === "reasoning-delta";
    this.#block = null;
    const stop = frame({ type: "content_block_stop", index: this.#blocks - 1 });
    // Nothing is signed here, but every thought of Anthropic's ends with a signature.
    return isThinking ? [this.#more({ type: "signature_delta", signature: "" }), stop] : [stop];
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
    const isThinking = reasoning !== "" && !this.#options.hidesThoughts;
    return [
      ...(isThinking ? [thinkingBlock(reasoning)] : []),
      ...(text === "" ? [] : [textBlock(text)]),
      ...toolCalls.map((call, index) => this.#toolUse(call.name, index, inputOf(call.arguments))),
    ];
  }

  /** Ids follow from the answer's own: streamed and buffered they are made the same way. */
  #toolUse(name: string, index: number, input: JsonObject): AnthropicBlock {
    const number = `${index}`.padStart(6, "0");
    return {
      type: "tool_use",
      id: `toolu_${this.#identity.id.slice(0, 18)}${number}`,
      name,
      input,
    };
  }

  #message(content: AnthropicBlock[], ending: AnthropicEnding, usage: Usage): AnthropicMessage {
    return {
      id: `msg_${this.#identity.id}`,
      type: "message",
      role: "assistant",
      model: this.#identity.model,
      content,
      ...ending,
      container: null,
      usage: { ...encodeUsage(usage), service_tier: "standard" },
    };
  }
}

function textBlock(text: string): AnthropicBlock {
  return { type: "text", text, citations: null };
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

/** Tokens from the cache do not count as input a second time. */
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

/** A call that was cut off is no whole JSON; `max_tokens` says so. */
function inputOf(text: string): JsonObject {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** Every event has its type twice: as its name, and in its data. */
function frame(event: AnthropicEvent): Frame {
  return { event: event.type, data: JSON.stringify(event) };
}
