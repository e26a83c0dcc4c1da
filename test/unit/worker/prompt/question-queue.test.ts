// Questions beside streams: one at a time, and most of the time is the streams'.

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
  const asks = new QuestionQueue({
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
  return { asks, answered, state, pass };
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

test("answers one question, then leaves the process to the streams for three times as long", () => {
  const { asks, answered, pass } = line(10);
  for (const id of ["a", "b", "c"]) asks.add(ask(id));

  pass(0);
  expect(answered).toEqual(["a"]);
  pass(29);
  expect(answered).toEqual(["a"]);
  pass(1);
  expect(answered).toEqual(["a", "b"]);
});

test("answers one after the other while no stream runs", () => {
  const { asks, answered, state } = line(10);
  state.isIdle = true;
  for (const id of ["a", "b", "c"]) asks.add(ask(id));

  expect(answered).toEqual([]); // other messages come first, also between two questions
  for (const soFar of [["a"], ["a", "b"], ["a", "b", "c"]]) {
    vi.advanceTimersToNextTimer();
    expect(answered).toEqual(soFar);
  }
});

test("a short question does not wait for the rest of a long one, nor behind others of its kind", () => {
  const { asks, answered, pass } = line(100);
  for (const id of ["long 1", "long 2"]) asks.add(ask(id, LONG));
  pass(0);
  expect(answered).toEqual(["long 1"]);

  asks.add(ask("short 1"));
  asks.add(ask("short 2"));
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
  const { asks, answered, pass } = line(10);
  asks.add({ type: "ask", id: "long", question });
  asks.add(ask("short"));

  pass(0);

  expect(answered).toEqual(["short"]);
});

test("does not rest any longer when the last stream has ended", () => {
  const { asks, answered, state, pass } = line(1_000);
  for (const id of ["a", "b"]) asks.add(ask(id));
  pass(0);

  asks.wake(); // a stream still runs
  pass(1);
  expect(answered).toEqual(["a"]);
  state.isIdle = true;
  asks.wake();
  pass(0);

  expect(answered).toEqual(["a", "b"]);
});

test("forgets a question that is withdrawn while it waits", () => {
  const { asks, answered, pass } = line(1);
  for (const id of ["a", "b"]) asks.add(ask(id));

  expect(asks.drop("a")).toBe(true);
  pass(10);

  expect(answered).toEqual(["b"]);
  expect(asks.drop("b")).toBe(false);
});

test("many short questions keep no long one waiting, also while no stream runs", () => {
  const { asks, answered, state } = line(10);
  state.isIdle = true;
  for (const id of ["short 1", "short 2", "short 3"]) asks.add(ask(id));
  asks.add(ask("long", LONG));

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
  const { asks, answered, pass } = line(10);
  asks.add({ type: "ask", id: "long", question });
  pass(0);
  asks.add({ type: "ask", id: "long 2", question });
  asks.add(ask("short"));
  pass(0);

  expect(answered).toEqual(["long", "short"]);
});
