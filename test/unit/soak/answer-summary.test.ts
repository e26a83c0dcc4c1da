// Summaries of the answers of all APIs.

import { expect, test } from "vitest";
import type { Answer } from "../../soak/kinds/exchange.ts";
import { summarizeAnswer } from "../../soak/report/answer-summary.ts";

function answer(part: Partial<Answer>): Answer {
  return { status: 200, location: null, frames: [], body: "", isComplete: true, ...part };
}

const streamed = (...wires: readonly object[]) =>
  summarizeAnswer(
    answer({
      frames: [...wires.map((wire) => ({ data: JSON.stringify(wire) })), { data: "[DONE]" }],
    }),
  );
const buffered = (wire: object) => summarizeAnswer(answer({ body: JSON.stringify(wire) }));

test("a chat: the texts of its choices, its call, and how the first one ended", () => {
  const call = { tool_calls: [{ function: { arguments: '{"a"' } }] };
  const summary = streamed(
    { choices: [{ index: 0, delta: { content: "a" }, finish_reason: null }] },
    { choices: [{ index: 1, delta: { content: "b" }, finish_reason: "stop" }] },
    { choices: [{ index: 0, delta: call, finish_reason: null }] },
    {
      choices: [{ index: 0, delta: {}, finish_reason: "tool_calls" }],
      timings: { generated_tokens: 7 },
    },
  );

  expect(summary).toMatchObject({
    outcome: "tool-calls",
    texts: ["a", "b"],
    call: '{"a"',
    tokens: 7,
  });
});

test("a completion in a body", () => {
  const choices = [{ index: 0, text: "a", finish_reason: "length" }];

  expect(buffered({ choices, usage: { completion_tokens: 3 } })).toMatchObject({
    outcome: "length",
    texts: ["a"],
    tokens: 3,
  });
});

test("a message, streamed and not", () => {
  const events = [
    { type: "message_start", message: { content: [], stop_reason: null } },
    { type: "content_block_delta", delta: { type: "text_delta", text: "a" } },
    { type: "message_delta", delta: { stop_reason: "max_tokens" }, usage: { output_tokens: 2 } },
  ];

  expect(streamed(...events)).toMatchObject({ outcome: "length", texts: ["a"], tokens: 2 });
  expect(buffered({ content: [{ text: "a" }], stop_reason: "end_turn" }).outcome).toBe("stop");
});

test("a response, streamed and not", () => {
  const events = [
    { type: "response.created", response: { status: "in_progress" } },
    { type: "response.output_text.delta", delta: "a" },
    { type: "response.completed", response: { status: "completed", usage: { output_tokens: 2 } } },
  ];
  const failed = {
    type: "response.failed",
    response: { status: "failed", error: { code: "worker_crashed" } },
  };

  expect(streamed(...events)).toMatchObject({ outcome: "stop", texts: ["a"], tokens: 2 });
  expect(streamed(...events.slice(0, 2)).outcome).toBe(null);
  expect(streamed(failed, { type: "error", code: "worker_crashed" }).outcome).toBe(
    "worker_crashed",
  );
  expect(buffered({ status: "incomplete", output: [{ content: [{ text: "a" }] }] })).toMatchObject({
    outcome: "length",
    texts: ["a"],
  });
});

test("an error after any text, and an empty answer", () => {
  const first = { choices: [{ index: 0, delta: { content: "a" }, finish_reason: null }] };

  expect(streamed(first, { error: { code: "draining" } }).outcome).toBe("draining");
  expect(streamed(first).outcome).toBe(null);
  expect(
    summarizeAnswer(answer({ body: '{"choices":[{"index":0,"te', isComplete: false })).texts,
  ).toEqual([]);
  expect(summarizeAnswer(answer({ status: 0, isComplete: false })).outcome).toBe(null);
});
