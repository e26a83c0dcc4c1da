// Questions beside streams: one at a time, and most of the time is the streams'.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Ask, AskLine } from "../../../src/worker/ask-line.ts";

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
  const asks = new AskLine({
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

const ask = (id: string): Ask => ({
  type: "ask",
  id,
  question: { type: "detokenize", tokens: [] },
});

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
