import { expect, test } from "vitest";
import { AnthropicEncoder } from "../../../../src/api/anthropic/encoder.ts";
import type { Frame } from "../../../../src/api/dialect.ts";
import type { Delta } from "../../../../src/generation/events.ts";
import {
  callDelta,
  choiceOf,
  ended,
  IDENTITY,
  RECEIPT,
  reasoningDelta,
  textDelta,
} from "../../../support/clients/receipts.ts";

const encoder = (hidesReasoning = false) =>
  new AnthropicEncoder(IDENTITY, { hidesReasoning, hasDiagnostics: false });
const PROGRESS = { type: "prefill", total: 9, cached: 4, processed: 4, ms: 1 } as const;

type Event = { readonly type: string; readonly [field: string]: unknown };

function eventsOf(frames: readonly Frame[]): Event[] {
  return frames.map(({ event, data }) => {
    const parsed = JSON.parse(data) as Event;
    expect(parsed.type).toBe(event); // SDKs go by the name, others by the type
    return parsed;
  });
}

/** The blocks' events, without what opens and ends the message. */
function blockEvents(deltas: readonly Delta[], encoding = encoder()): Event[] {
  encoding.progress(0, PROGRESS);
  const frames = deltas.flatMap((delta) => encoding.delta(0, delta));
  return eventsOf([...frames, ...encoding.finish(0, ended("stop"), RECEIPT)]).slice(0, -2);
}

test("the first progress event opens the message with the number of cached tokens", () => {
  const encoding = encoder();

  expect(eventsOf(encoding.progress(0, PROGRESS))).toMatchObject([
    {
      type: "message_start",
      message: {
        id: "msg_abc",
        type: "message",
        role: "assistant",
        model: "tiny",
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 5, cache_read_input_tokens: 4, output_tokens: 0 },
      },
    },
    { type: "ping" },
  ]);
  expect(encoding.progress(0, PROGRESS)).toEqual([]);
});

test("text is one block", () => {
  expect(blockEvents([textDelta("a"), textDelta('"b')])).toEqual([
    {
      type: "content_block_start",
      index: 0,
      content_block: { type: "text", text: "" },
    },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "a" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: '"b' } },
    { type: "content_block_stop", index: 0 },
  ]);
});

test("sends reasoning as a block of its own that ends with a signature", () => {
  const events = blockEvents([reasoningDelta("Hm"), textDelta("a")]);

  expect(events.slice(0, 5)).toMatchObject([
    { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "" } },
    { index: 0, delta: { type: "thinking_delta", thinking: "Hm" } },
    { index: 0, delta: { type: "signature_delta", signature: "" } },
    { type: "content_block_stop", index: 0 },
    { type: "content_block_start", index: 1, content_block: { type: "text" } },
  ]);
});

test("leaves out hidden reasoning, streamed and in a body", () => {
  const events = blockEvents([reasoningDelta("Hm"), textDelta("a")], encoder(true));
  const body = encoder(true).body([choiceOf("a", { reasoning: "Hm" })], RECEIPT);

  expect(events[0]).toMatchObject({ index: 0, content_block: { type: "text" } });
  expect(body).toMatchObject({ content: [{ type: "text", text: "a" }] });
});

test("sends each call as a block, with its arguments in deltas", () => {
  const calls = [callDelta(0, "f"), callDelta(0, null, '{"a":'), callDelta(0, null, "1}")];

  const events = blockEvents([...calls, callDelta(1, "g", "{}")]);

  expect(events).toMatchObject([
    {
      index: 0,
      content_block: { type: "tool_use", id: "toolu_abc000000", name: "f", input: {} },
    },
    { index: 0, delta: { type: "input_json_delta", partial_json: '{"a":' } },
    { index: 0, delta: { partial_json: "1}" } },
    { type: "content_block_stop", index: 0 },
    { index: 1, content_block: { type: "tool_use", id: "toolu_abc000001", name: "g" } },
    { index: 1, delta: { partial_json: "{}" } },
    { type: "content_block_stop", index: 1 },
  ]);
});

test("begins no block for a delta without text", () => {
  const encoding = encoder();
  encoding.progress(0, PROGRESS);

  expect(encoding.delta(0, textDelta(""))).toEqual([]);
});

test("an empty answer is a complete message", () => {
  const events = eventsOf(encoder().finish(0, ended("stop"), RECEIPT));

  expect(events.map(({ type }) => type)).toEqual([
    "message_start",
    "ping",
    "message_delta",
    "message_stop",
  ]);
});

test.each([
  [ended("stop"), "end_turn", null],
  [ended("length"), "max_tokens", null],
  [ended("tool-calls"), "tool_use", null],
  [{ reason: "stop", stopString: "END" } as const, "stop_sequence", "END"],
])("encodes the ending %j as %s, streamed and in a body", (ending, stop_reason, stop_sequence) => {
  const [, , delta] = eventsOf(encoder().finish(0, ending, RECEIPT));
  const body = encoder().body([choiceOf("a", { ending })], RECEIPT);

  expect(delta).toMatchObject({ delta: { stop_reason, stop_sequence } });
  expect(body).toMatchObject({ stop_reason, stop_sequence });
});

test("a body is a message of blocks, and counts cached tokens apart", () => {
  const choice = choiceOf("Let me see", {
    reasoning: "Hm",
    toolCalls: [{ name: "f", arguments: '{"a":1}' }],
    ending: ended("tool-calls"),
  });
  const usage = { promptTokens: 9, cachedTokens: 4, completionTokens: 6, reasoningTokens: 2 };

  expect(encoder().body([choice], { ...RECEIPT, usage })).toMatchObject({
    id: "msg_abc",
    type: "message",
    role: "assistant",
    model: "tiny",
    content: [
      { type: "thinking", thinking: "Hm", signature: "" },
      { type: "text", text: "Let me see" },
      { type: "tool_use", id: "toolu_abc000000", name: "f", input: { a: 1 } },
    ],
    usage: {
      input_tokens: 5,
      cache_read_input_tokens: 4,
      cache_creation_input_tokens: 0,
      output_tokens: 6,
      output_tokens_details: { thinking_tokens: 2 },
    },
  });
});

test("a call that was cut off has an empty input", () => {
  const cut = { toolCalls: [{ name: "f", arguments: '{"a":' }], ending: ended("length") };

  expect(encoder().body([choiceOf("", cut)], RECEIPT)).toMatchObject({
    content: [{ type: "tool_use", name: "f", input: {} }],
    stop_reason: "max_tokens",
  });
});
