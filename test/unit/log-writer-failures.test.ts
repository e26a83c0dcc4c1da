// A log that temporarily cannot be written, and one without a reader.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LogWriter } from "../../src/log-writer.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A log whose writes fail with `failure` while it is set. */
function open() {
  const state = { failure: null as string | null, lines: [] as string[] };
  const writer = new LogWriter(1, (_descriptor, bytes, done) => {
    const { failure } = state;
    if (failure) return done(Object.assign(new Error(failure), { code: failure }), 0);
    state.lines.push(bytes.toString());
    done(null, bytes.length);
  });
  const log = (line: string) => {
    writer.write(line);
    vi.advanceTimersByTime(50);
  };
  return { state, log };
}

test.each(["ENOSPC", "EMFILE", "EIO"])(
  "%s loses the lines of that write, and no later ones",
  (code) => {
    const { state, log } = open();
    state.failure = code;
    log("lost\n");
    state.failure = null;
    log("kept\n");

    expect(state.lines).toEqual(["kept\n"]);
  },
);

test("a full pipe loses nothing", () => {
  const { state, log } = open();
  state.failure = "EAGAIN";
  log("late\n");
  state.failure = null;
  log("next\n");

  expect(state.lines.join("")).toBe("late\nnext\n");
});

test("without a reader nothing more is written", () => {
  const { state, log } = open();
  state.failure = "EPIPE";
  log("lost\n");
  state.failure = null;
  log("lost too\n");

  expect(state.lines).toEqual([]);
});
