// Ollama's answers: lines, bodies, and the wait status that a waiting client gets.

import { expect, test } from "vitest";
import type { AnswerEncoder, Frame } from "../../../../src/api/dialect.ts";
import { chatForms, generateForms } from "../../../../src/api/ollama/answer.ts";
import { ollamaChat } from "../../../../src/api/ollama/chat.ts";
import { encodeOllamaError } from "../../../../src/api/ollama/errors.ts";
import { ollamaGenerate } from "../../../../src/api/ollama/generate.ts";
import { ServiceError } from "../../../../src/errors.ts";
import { expectHeldTo } from "../../../support/clients/expect-schema.ts";
import {
  callDelta,
  choiceOf,
  ended,
  IDENTITY,
  RECEIPT,
  reasoningDelta,
  textDelta,
  tokenLogprob,
} from "../../../support/clients/receipts.ts";

const CONTEXT = { defaultMaxTokens: null, allowsGrammar: false, randomSeed: () => 3 };
const HEAD = { model: "tiny", created_at: "2023-11-14T22:13:20.000Z" };
const METRICS = {
  ...{ total_duration: 4_000_000, load_duration: 1_000_000 },
  ...{ prompt_eval_count: 5, prompt_eval_duration: 2_000_000 },
  ...{ eval_count: 6, eval_duration: 1_000_000 },
};

function chatting(changes: object = {}): AnswerEncoder {
  const body = { model: "m", messages: [{ role: "user", content: "Hi" }], ...changes };
  return ollamaChat.parse(body, CONTEXT).encoder(IDENTITY);
}

function linesIn(frames: readonly Frame[]): readonly unknown[] {
  return frames.map(({ data }) => JSON.parse(data));
}

test("writes one line per delta, and the metrics in the last line", () => {
  const encoder = chatting();
  const said = { role: "assistant", content: "" };

  const lines = linesIn([
    ...encoder.delta(0, reasoningDelta("Hm")),
    ...encoder.delta(0, textDelta('"a\n')),
    ...encoder.finish(0, ended("length"), RECEIPT),
  ]);

  for (const line of lines) expectHeldTo(chatForms.event, line);
  expect(lines).toEqual([
    { ...HEAD, message: { ...said, thinking: "Hm" }, done: false },
    { ...HEAD, message: { ...said, content: '"a\n' }, done: false },
    { ...HEAD, message: said, done: true, done_reason: "length", ...METRICS },
  ]);
});

test("writes a call as one line once it is complete", () => {
  const encoder = chatting();
  expect(encoder.delta(0, callDelta(0, "f", '{"a"'))).toEqual([]);
  expect(encoder.delta(0, callDelta(0, null, ":1}"))).toEqual([]);

  const lines = linesIn([
    ...encoder.delta(0, callDelta(1, "g")),
    ...encoder.finish(0, ended("tool-calls"), RECEIPT),
  ]);

  const calls = [
    { id: "call_abc000000", function: { index: 0, name: "f", arguments: { a: 1 } } },
    { id: "call_abc000001", function: { index: 1, name: "g", arguments: {} } },
  ];
  expect(lines).toMatchObject([
    { message: { tool_calls: [calls[0]] }, done: false },
    { message: { tool_calls: [calls[1]] }, done: false },
    { message: { content: "" }, done: true, done_reason: "stop" },
  ]);
  const toolCalls = [
    { name: "f", arguments: '{"a":1}' },
    { name: "g", arguments: "" },
  ];
  const body = chatting().body([choiceOf("", { toolCalls, ending: ended("tool-calls") })], RECEIPT);
  expectHeldTo(chatForms.answer, body);
  expect(body).toMatchObject({ message: { content: "", tool_calls: calls } });
});

test("leaves out a call that was cut off, because a client would run it", () => {
  const encoder = chatting();
  encoder.delta(0, callDelta(0, "f", '{"a'));

  const lines = linesIn(encoder.finish(0, ended("length"), RECEIPT));

  expect(lines).toMatchObject([{ done: true, done_reason: "length" }]);
});

test("sends logprobs with the text of their tokens, and loses none", () => {
  const encoder = chatting({ logprobs: true, top_logprobs: 1 });
  const logprobs = [tokenLogprob("a", Number.NEGATIVE_INFINITY, [["b", -2]])];

  const lines = linesIn([
    ...encoder.delta(0, textDelta("a", { logprobs })),
    ...encoder.delta(0, { ...callDelta(0, "f"), logprobs: [tokenLogprob("f", -1)] }),
    ...encoder.finish(0, ended("tool-calls"), RECEIPT),
  ]);

  for (const line of lines) expectHeldTo(chatForms.event, line);
  expect(lines).toMatchObject([
    {
      logprobs: [
        {
          ...{ token: "a", logprob: -9999, bytes: [97] },
          top_logprobs: [{ token: "b", logprob: -2, bytes: [98] }],
        },
      ],
    },
    { logprobs: [{ token: "f", logprob: -1 }] },
    { done: true },
  ]);
});

test("/api/generate has text and reasoning at the top level", () => {
  const encoder = ollamaGenerate.parse({ model: "m", prompt: "Hi" }, CONTEXT).encoder(IDENTITY);

  const body = encoder.body([choiceOf("Hello", { reasoning: "Hm" })], RECEIPT);

  expectHeldTo(generateForms.answer, body);
  expect(body).toEqual({
    ...HEAD,
    ...{ response: "Hello", thinking: "Hm", done: true, done_reason: "stop" },
    ...METRICS,
  });
});

test.each([
  [{ type: "queued", position: 3, etaMs: 4200 }, { queue: { position: 3, eta_ms: 4200 } }],
  [{ type: "queued", position: 1, etaMs: null }, { queue: { position: 1, eta_ms: null } }],
  [
    { type: "loading", state: "restarting", progress: 0.5, etaMs: null },
    { loading: { state: "restarting", progress: 0.5, eta_ms: null } },
  ],
  [null, {}],
] as const)("sends a waiting client the status %j in an empty delta", (waitStatus, fields) => {
  const notices = [ollamaChat, ollamaGenerate].flatMap(({ lines }) =>
    lines ? [JSON.parse(lines.notice(waitStatus, IDENTITY).data)] : [],
  );

  const message = { role: "assistant", content: "" };
  expect(notices).toEqual([
    { ...HEAD, message, done: false, ...fields },
    { ...HEAD, response: "", done: false, ...fields },
  ]);
  expectHeldTo(chatForms.event, notices[0]);
});

test("an error has its message, our code, the field and the request id", () => {
  const error = new ServiceError("context_length_exceeded", "too long", { param: "prompt" });

  expect(encodeOllamaError(error, "1")).toEqual({
    ...{ error: "too long", code: "context_length_exceeded", param: "prompt", request_id: "1" },
  });
});
