// A measured step always changes the slices; it changes the threads only if they are governed.

import { expect, test, vi } from "vitest";
import type { StepTime } from "../../../../src/worker/step/batcher.ts";
import { PromptSlices } from "../../../../src/worker/step/prompt-slices.ts";
import { stepMeter } from "../../../../src/worker/step/step-meter.ts";

function meter(isGoverned: boolean) {
  const slices = new PromptSlices({ batchTokens: 128, targetMs: 50 });
  const setThreads = vi.fn();
  return {
    slices,
    setThreads,
    meter: stepMeter({ slices, speculation: null, maxThreads: 2, isGoverned, setThreads }),
  };
}

/** @returns how many threads computed the last step */
function observe(observed: (step: StepTime) => number, times: readonly number[]) {
  return times.map((ms) => observed({ ms, decodes: 1, promptTokens: 0 })).at(-1);
}

/** Steps of two threads, of which the last are delayed, then steps of one thread. */
const HELD_UP = [...Array<number>(10).fill(6), 90, 90, ...Array<number>(6).fill(10)];

test("removes a thread when steps are delayed", () => {
  const { meter: governed, setThreads } = meter(true);

  expect(observe(governed, HELD_UP)).toBe(1);
  expect(setThreads).toHaveBeenCalledWith(1);
});

test("does not change the threads when they are not governed", () => {
  const { meter: fixed, setThreads } = meter(false);

  expect(observe(fixed, HELD_UP)).toBe(2);
  expect(setThreads).not.toHaveBeenCalled();
});

test("passes step times to the slices", () => {
  const { meter: fixed, slices } = meter(false);
  observe(fixed, Array<number>(20).fill(10));

  fixed({ ms: 30, decodes: 1, promptTokens: 10 });

  expect(slices.tokens({ unread: 1000, left: 1000, readers: 1, decodes: 1 })).toBeGreaterThan(10); // 2 ms a token, 40 ms to spare
});
