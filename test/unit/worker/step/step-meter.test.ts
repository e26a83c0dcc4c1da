// What a measured step changes: the slices always, the threads only if they are governed.

import { expect, test, vi } from "vitest";
import { PromptSlices } from "../../../../src/worker/step/prompt-slices.ts";
import { StepMeter } from "../../../../src/worker/step/step-meter.ts";

function meter(isGoverned: boolean) {
  const slices = new PromptSlices({ batchTokens: 128, targetMs: 50 });
  const setThreads = vi.fn();
  return {
    slices,
    setThreads,
    meter: new StepMeter({ slices, maxThreads: 2, isGoverned, setThreads }),
  };
}

function observe(target: StepMeter, times: readonly number[]): void {
  for (const ms of times) target.observe({ ms, decodes: 1, promptTokens: 0 });
}

/** Two threads that are held up at last, then one. */
const HELD_UP = [...Array<number>(10).fill(6), 90, 90, ...Array<number>(6).fill(10)];

test("takes a thread away when steps are held up", () => {
  const { meter: governed, setThreads } = meter(true);

  observe(governed, HELD_UP);

  expect(setThreads).toHaveBeenCalledWith(1);
  expect(governed.threads).toBe(1);
});

test("leaves the threads alone when they are not to be governed", () => {
  const { meter: fixed, setThreads } = meter(false);

  observe(fixed, HELD_UP);

  expect(setThreads).not.toHaveBeenCalled();
  expect(fixed.threads).toBe(2);
});

test("tells the slices what steps take", () => {
  const { meter: fixed, slices } = meter(false);
  observe(fixed, Array<number>(20).fill(10));

  fixed.observe({ ms: 30, decodes: 1, promptTokens: 10 });

  expect(slices.tokens({ unread: 1000, readers: 1, decodes: 1 })).toBeGreaterThan(10); // 2 ms a token, 40 ms to spare
});
