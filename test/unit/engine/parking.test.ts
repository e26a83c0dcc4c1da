// When a request whose reader is too slow gives up its slot.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { giveUpWhenWanted } from "../../../src/engine/parking.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function open() {
  const giveUp = vi.fn<() => void>();
  const state = { isWanted: false };
  const stop = giveUpWhenWanted({ parkTimeoutMs: 100, isWanted: () => state.isWanted, giveUp });
  return { giveUp, state, stop };
}

test("keeps the slot as long as no other request wants it, then asks for it again and again", () => {
  const { giveUp, state } = open();

  vi.advanceTimersByTime(1_000);
  expect(giveUp).not.toHaveBeenCalled();
  state.isWanted = true;
  vi.advanceTimersByTime(200);

  expect(giveUp).toHaveBeenCalledTimes(2); // the worker may not have been able to at the first time
});

test("keeps the slot once it is stopped", () => {
  const { giveUp, state, stop } = open();
  state.isWanted = true;

  stop();
  vi.advanceTimersByTime(1_000);

  expect(giveUp).not.toHaveBeenCalled();
});
