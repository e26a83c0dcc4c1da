// Questions beside streams: answered one at a time, with most of the time left to the streams.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ServiceError } from "../../../../src/errors.ts";
import { deferred } from "../../../../src/generation/deferred.ts";
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
    answer: async ({ id }) => {
      answered.push(id);
      clock.nowMs += tookMs;
    },
    onComputing: () => {},
  });
  const clock = { nowMs: 0 };
  vi.spyOn(performance, "now").mockImplementation(() => clock.nowMs);
  /** Time that passes without a question. */
  const pass = async (ms: number) => {
    clock.nowMs += ms;
    await vi.advanceTimersByTimeAsync(ms);
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

/** One turn of the event loop, with what follows from it. */
async function nextTurn() {
  vi.advanceTimersToNextTimer();
  for (let step = 0; step < 10; step++) await Promise.resolve();
}

test("answers one question, then pauses for three times as long", async () => {
  const { queue, answered, pass } = line(10);
  for (const id of ["a", "b", "c"]) queue.add(ask(id));

  await pass(0);
  expect(answered).toEqual(["a"]);
  await pass(29);
  expect(answered).toEqual(["a"]);
  await pass(1);
  expect(answered).toEqual(["a", "b"]);
});

test("answers without pauses while no stream runs", async () => {
  const { queue, answered, state } = line(10);
  state.isIdle = true;
  for (const id of ["a", "b", "c"]) queue.add(ask(id));

  expect(answered).toEqual([]); // other messages are read first, also between two questions
  for (const soFar of [["a"], ["a", "b"], ["a", "b", "c"]]) {
    await nextTurn();
    expect(answered).toEqual(soFar);
  }
});

test("a short question waits neither for the pause of a long one nor behind long ones", async () => {
  const { queue, answered, pass } = line(100);
  for (const id of ["long 1", "long 2"]) queue.add(ask(id, LONG));
  await pass(0);
  expect(answered).toEqual(["long 1"]);

  queue.add(ask("short 1"));
  queue.add(ask("short 2"));
  await pass(0);
  expect(answered).toEqual(["long 1", "short 1"]);
  for (let step = 0; step < 4; step++) await pass(200);

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
])("%s make a question a long one", async (_what, question) => {
  const { queue, answered, pass } = line(10);
  queue.add({ type: "ask", id: "long", question });
  queue.add(ask("short"));

  await pass(0);

  expect(answered).toEqual(["short"]);
});

test("ends the pause when the last stream has ended", async () => {
  const { queue, answered, state, pass } = line(1_000);
  for (const id of ["a", "b"]) queue.add(ask(id));
  await pass(0);

  queue.wake(); // a stream still runs
  await pass(1);
  expect(answered).toEqual(["a"]);
  state.isIdle = true;
  queue.wake();
  await pass(0);

  expect(answered).toEqual(["a", "b"]);
});

test("removes a question that is aborted while it waits", async () => {
  const { queue, answered, pass } = line(1);
  for (const id of ["a", "b"]) queue.add(ask(id));

  expect(queue.drop("a")).toBe(true);
  await pass(10);

  expect(answered).toEqual(["b"]);
  expect(queue.drop("b")).toBe(false);
});

test("many short questions do not block a long one, also while no stream runs", async () => {
  const { queue, answered, state } = line(10);
  state.isIdle = true;
  for (const id of ["short 1", "short 2", "short 3"]) queue.add(ask(id));
  queue.add(ask("long", LONG));

  for (let turn = 0; turn < 2; turn++) await nextTurn();

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
])("%s make a question a long one, too", async (_what, question) => {
  const { queue, answered, pass } = line(10);
  queue.add({ type: "ask", id: "long", question });
  await pass(0);
  queue.add({ type: "ask", id: "long 2", question });
  queue.add(ask("short"));
  await pass(0);

  expect(answered).toEqual(["long", "short"]);
});

/** Each answer computes `slices` times 10 ms on the test's clock. */
function slicedLine(slices: number) {
  const computed: (string | null)[] = [];
  const outcomes: string[] = [];
  const clock = { nowMs: 0 };
  vi.spyOn(performance, "now").mockImplementation(() => clock.nowMs);
  const elsewhere = deferred<void>();
  const queue = new QuestionQueue({
    isIdle: () => false,
    onComputing: (id) => computed.push(id),
    answer: async ({ id }, turn) => {
      try {
        if (id === "elsewhere") await turn.wait(elsewhere.promise);
        for (let slice = 0; slice < slices; slice++) {
          clock.nowMs += 10;
          await turn.pause();
        }
        outcomes.push(`${id} after ${turn.computedMs} ms`);
      } catch (error) {
        outcomes.push(`${id}: ${(error as ServiceError).code}`);
      }
    },
  });
  const pass = async (ms: number) => {
    clock.nowMs += ms;
    await vi.advanceTimersByTimeAsync(ms);
  };
  return { queue, computed, outcomes, pass, elsewhere };
}

test("a long answer pauses between its slices, and its pauses cost nothing", async () => {
  const { queue, computed, outcomes, pass } = slicedLine(2);
  queue.add(ask("long", LONG));

  await pass(0);
  expect(computed).toEqual(["long", null]);
  await pass(29);
  expect(computed).toHaveLength(2);
  await pass(1);
  expect(computed).toEqual(["long", null, "long", null]);
  await pass(30);

  expect(outcomes).toEqual(["long after 20 ms"]);
});

test("a short question is answered in the pauses of a long one, and a second long one after it", async () => {
  const { queue, outcomes, pass } = slicedLine(3);
  for (const id of ["long", "long 2"]) queue.add(ask(id, LONG));
  await pass(0);
  queue.add(ask("short"));
  for (let step = 0; step < 30; step++) await pass(10);

  expect(outcomes).toEqual(["long after 30 ms", "short after 30 ms", "long 2 after 30 ms"]);
});

test("an answer that waits for another thread lets others compute", async () => {
  const { queue, outcomes, pass, elsewhere } = slicedLine(1);
  queue.add(ask("elsewhere"));
  await pass(0);
  queue.add(ask("long", LONG));
  for (let step = 0; step < 10; step++) await pass(10);
  expect(outcomes).toEqual(["long after 10 ms"]);

  elsewhere.resolve();
  for (let step = 0; step < 10; step++) await pass(10);

  expect(outcomes).toEqual(["long after 10 ms", "elsewhere after 10 ms"]);
});

test("a started answer that is no longer needed ends at its next pause", async () => {
  const { queue, outcomes, pass } = slicedLine(100);
  queue.add(ask("long", LONG));
  await pass(0);

  expect(queue.drop("long")).toBe(false); // its answer is a refusal
  await pass(30);

  expect(outcomes).toEqual(["long: aborted"]);
});
