// Questions beside streams: answered one at a time, with most of the time left to the streams.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  type QuestionMessage,
  QuestionQueue,
} from "../../../../src/worker/prompt/question-queue.ts";
import { messagesPrompt } from "../../../support/clients/requests.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Each answer takes `tookMs` on the test's clock. */
function line(tookMs: number) {
  const answered: string[] = [];
  const state = { isIdle: false };
  const queue = new QuestionQueue({
    isIdle: () => state.isIdle,
    answer: ({ id }) => {
      answered.push(id);
      clock.nowMs += tookMs;
    },
  });
  const clock = { nowMs: 0 };
  vi.spyOn(performance, "now").mockImplementation(() => clock.nowMs);
  /** Time that passes without a question. */
  const pass = (ms: number) => {
    clock.nowMs += ms;
    vi.advanceTimersByTime(ms);
  };
  return { queue, answered, state, pass };
}

const ask = (id: string, chars = 1): QuestionMessage => ({
  type: "ask",
  id,
  question: {
    type: "tokenize",
    text: "x".repeat(chars),
    addsBeginning: false,
    readsControlTokens: false,
  },
});
const LONG = 100_000;

test("answers one question, then pauses for three times as long", () => {
  const { queue, answered, pass } = line(10);
  for (const id of ["a", "b", "c"]) queue.add(ask(id));

  pass(0);
  expect(answered).toEqual(["a"]);
  pass(29);
  expect(answered).toEqual(["a"]);
  pass(1);
  expect(answered).toEqual(["a", "b"]);
});

test("answers without pauses while no stream runs", () => {
  const { queue, answered, state } = line(10);
  state.isIdle = true;
  for (const id of ["a", "b", "c"]) queue.add(ask(id));

  expect(answered).toEqual([]); // other messages are read first, also between two questions
  for (const soFar of [["a"], ["a", "b"], ["a", "b", "c"]]) {
    vi.advanceTimersToNextTimer();
    expect(answered).toEqual(soFar);
  }
});

test("a short question waits neither for the pause of a long one nor behind long ones", () => {
  const { queue, answered, pass } = line(100);
  for (const id of ["long 1", "long 2"]) queue.add(ask(id, LONG));
  pass(0);
  expect(answered).toEqual(["long 1"]);

  queue.add(ask("short 1"));
  queue.add(ask("short 2"));
  pass(0);
  expect(answered).toEqual(["long 1", "short 1"]);
  for (let step = 0; step < 4; step++) pass(200);

  expect(answered).toEqual(["long 1", "short 1", "long 2", "short 2"]);
});

test.each<[what: string, question: QuestionMessage["question"]]>([
  [
    "many messages",
    {
      type: "render",
      prompt: messagesPrompt(Array.from({ length: 90 }, () => ({ role: "user", content: "" }))),
    },
  ],
  ["a long text", { type: "render", prompt: { type: "text", text: "x".repeat(9_000) } }],
  ["many token ids", { type: "detokenize", tokens: Array.from({ length: 9_000 }, () => 1) }],
])("%s make a question a long one", (_what, question) => {
  const { queue, answered, pass } = line(10);
  queue.add({ type: "ask", id: "long", question });
  queue.add(ask("short"));

  pass(0);

  expect(answered).toEqual(["short"]);
});

test("ends the pause when the last stream has ended", () => {
  const { queue, answered, state, pass } = line(1_000);
  for (const id of ["a", "b"]) queue.add(ask(id));
  pass(0);

  queue.wake(); // a stream still runs
  pass(1);
  expect(answered).toEqual(["a"]);
  state.isIdle = true;
  queue.wake();
  pass(0);

  expect(answered).toEqual(["a", "b"]);
});

test("removes a question that is aborted while it waits", () => {
  const { queue, answered, pass } = line(1);
  for (const id of ["a", "b"]) queue.add(ask(id));

  expect(queue.drop("a")).toBe(true);
  pass(10);

  expect(answered).toEqual(["b"]);
  expect(queue.drop("b")).toBe(false);
});

test("many short questions do not block a long one, also while no stream runs", () => {
  const { queue, answered, state } = line(10);
  state.isIdle = true;
  for (const id of ["short 1", "short 2", "short 3"]) queue.add(ask(id));
  queue.add(ask("long", LONG));

  for (let turn = 0; turn < 2; turn++) vi.advanceTimersToNextTimer();

  expect(answered).toEqual(["short 1", "long"]);
});

test.each<[what: string, question: QuestionMessage["question"]]>([
  [
    "arguments of a call",
    {
      type: "render",
      prompt: messagesPrompt([
        {
          role: "assistant",
          content: "",
          reasoning: null,
          toolCalls: [{ id: "1", name: "f", arguments: { text: "x".repeat(9_000) } }],
        },
      ]),
    },
  ],
  [
    "many control tokens",
    {
      type: "tokenize",
      text: "<s>".repeat(300),
      addsBeginning: false,
      readsControlTokens: true,
    },
  ],
])("%s make a question a long one, too", (_what, question) => {
  const { queue, answered, pass } = line(10);
  queue.add({ type: "ask", id: "long", question });
  pass(0);
  queue.add({ type: "ask", id: "long 2", question });
  queue.add(ask("short"));
  pass(0);

  expect(answered).toEqual(["long", "short"]);
});
