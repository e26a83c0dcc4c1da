// Slice sizes beside running streams, with a simulated cost of a step: per stream, fixed, and per token.

import { expect, test } from "vitest";
import { PromptSlices } from "../../../../src/worker/step/prompt-slices.ts";

const QUIET_MS = 18;

type Costs = { readonly fixedMs: number; readonly tokenMs: number };
type Read = { readonly sizes: number[]; readonly times: number[]; readonly totalMs: number };

/** Reads a prompt while three streams generate. */
function read(slices: PromptSlices, promptTokens: number, { fixedMs, tokenMs }: Costs): Read {
  for (let step = 0; step < 20; step++)
    slices.observe({ ms: QUIET_MS, decodes: 3, promptTokens: 0 });
  const sizes: number[] = [];
  const times: number[] = [];
  for (let left = promptTokens; left > 0; ) {
    const tokens = Math.min(
      left,
      slices.tokens({ unread: promptTokens, left, readers: 1, decodes: 3 }),
    );
    const ms = QUIET_MS + fixedMs + tokens * tokenMs;
    slices.observe({ ms, decodes: 3, promptTokens: tokens });
    sizes.push(tokens);
    times.push(ms);
    left -= tokens;
  }
  return { sizes, times, totalMs: times.reduce((sum, ms) => sum + ms, 0) };
}

function share(values: readonly number[], isGood: (value: number) => boolean): number {
  return values.filter(isGood).length / values.length;
}

test("fills the batch while no stream generates", () => {
  const slices = new PromptSlices({ batchTokens: 128, targetMs: null });

  expect(slices.tokens({ unread: 1000, left: 1000, readers: 1, decodes: 0 })).toBe(128);
  expect(slices.tokens({ unread: 1000, left: 1000, readers: 4, decodes: 0 })).toBe(32);
});

test("leaves room in the batch for generating streams: other tokens would need another step", () => {
  const slices = new PromptSlices({ batchTokens: 128, targetMs: 0 });

  expect(slices.tokens({ unread: 1000, left: 1000, readers: 1, decodes: 3 })).toBe(125);
});

test("reads at least one token, however many streams share the batch", () => {
  const slices = new PromptSlices({ batchTokens: 4, targetMs: 0 });

  expect(slices.tokens({ unread: 1000, left: 1000, readers: 8, decodes: 4 })).toBe(1);
});

test("reads a short prompt at once, unless a target is set", () => {
  const steady = { ms: QUIET_MS, decodes: 3, promptTokens: 0 };
  const [chosen, asked] = [null, 20].map((targetMs) => {
    const slices = new PromptSlices({ batchTokens: 128, targetMs });
    for (let step = 0; step < 5; step++) slices.observe(steady);
    slices.observe({ ms: 60, decodes: 3, promptTokens: 10 });
    return slices.tokens({ unread: 30, left: 30, readers: 2, decodes: 3 });
  });

  expect(chosen).toBeGreaterThanOrEqual(30);
  expect(asked).toBeLessThan(10);
});

test("keeps steps near the target that was set", () => {
  const slices = new PromptSlices({ batchTokens: 128, targetMs: 100 });

  const { times } = read(slices, 2000, { fixedMs: 10, tokenMs: 4 });

  expect(share(times, (ms) => ms <= 105)).toBeGreaterThan(0.95);
  expect(share(times, (ms) => ms >= 80)).toBeGreaterThan(0.8);
});

test("adapts to a cost that changes while it reads", () => {
  const slices = new PromptSlices({ batchTokens: 128, targetMs: 100 });

  read(slices, 2000, { fixedMs: 10, tokenMs: 2 });
  const { times } = read(slices, 2000, { fixedMs: 10, tokenMs: 6 });

  expect(share(times, (ms) => ms <= 105)).toBeGreaterThan(0.9);
});

test("without a target, slices have the fast path of attention, if that takes less than a second", () => {
  const slices = new PromptSlices({ batchTokens: 128, targetMs: null });

  const { sizes } = read(slices, 2000, { fixedMs: 0, tokenMs: 5 });

  expect(share(sizes, (tokens) => tokens >= 65)).toBeGreaterThan(0.9);
});

test("without a target, steps stay below ten times a step without a slice when tokens are slow", () => {
  const slices = new PromptSlices({ batchTokens: 128, targetMs: null });

  const { times } = read(slices, 2000, { fixedMs: 0, tokenMs: 20 });

  expect(share(times, (ms) => ms <= 10 * QUIET_MS)).toBeGreaterThan(0.95);
});

test("keeps slices large enough when a step has a high fixed cost, so that prefill does not take forever", () => {
  const costs = { fixedMs: 60, tokenMs: 1 };

  const whole = read(new PromptSlices({ batchTokens: 128, targetMs: 0 }), 2000, costs);
  const sliced = read(new PromptSlices({ batchTokens: 128, targetMs: null }), 2000, costs);

  expect(sliced.totalMs / whole.totalMs).toBeLessThan(2);
});

test("attributes the cost of a long context to its tokens, however much it varies", () => {
  const slices = new PromptSlices({ batchTokens: 128, targetMs: null });
  for (let step = 0; step < 20; step++) slices.observe({ ms: 4, decodes: 1, promptTokens: 0 });
  for (let step = 0; step < 40; step++) {
    const tokens = slices.tokens({ unread: 4_000, left: 4_000, readers: 1, decodes: 1 });
    const perTokenMs = step % 4 === 0 ? 20 : 60; // several prompts, read up to different positions
    slices.observe({ ms: 4 + tokens * perTokenMs, decodes: 1, promptTokens: tokens });
  }

  expect(slices.tokens({ unread: 4_000, left: 4_000, readers: 1, decodes: 1 })).toBeLessThan(8);
});

test("makes steps no longer than necessary while no stream generates, once costs are measured", () => {
  const slices = new PromptSlices({ batchTokens: 128, targetMs: null });
  read(slices, 1_000, { fixedMs: 0, tokenMs: 3 });

  const tokens = slices.tokens({ unread: 4_000, left: 4_000, readers: 1, decodes: 0 });

  expect(tokens).toBeLessThan(100);
  const perTokenMs = (size: number) => (QUIET_MS + size * 3) / size;
  expect(perTokenMs(tokens) / perTokenMs(128)).toBeLessThan(1.1);
});

test("one delayed step does not shrink the slices after it", () => {
  const slices = new PromptSlices({ batchTokens: 128, targetMs: 100 });
  const before = read(slices, 1000, { fixedMs: 10, tokenMs: 4 }).sizes.at(-2) ?? 0;

  slices.observe({ ms: 5000, decodes: 3, promptTokens: before });
  for (let step = 0; step < 5; step++) {
    const tokens = slices.tokens({ unread: 1000, left: 1000, readers: 1, decodes: 3 });
    slices.observe({ ms: QUIET_MS + 10 + tokens * 4, decodes: 3, promptTokens: tokens });
  }

  expect(slices.tokens({ unread: 1000, left: 1000, readers: 1, decodes: 3 })).toBeGreaterThan(
    before / 2,
  );
});

test("reads a small rest together with the slice before it", () => {
  const slices = new PromptSlices({ batchTokens: 128, targetMs: null });
  read(slices, 1_000, { fixedMs: 0, tokenMs: 5 });

  expect(slices.tokens({ unread: 75, left: 75, readers: 1, decodes: 3 })).toBe(75);
  expect(slices.tokens({ unread: 1_000, left: 75, readers: 1, decodes: 3 })).toBe(75);
  expect(slices.tokens({ unread: 1_000, left: 120, readers: 1, decodes: 3 })).toBeLessThan(90);
});
