// Which tokens enter the next decode, and which streams have to wait.

import type { BatchItem } from "node-llama-cpp";
import { afterEach, expect, test, vi } from "vitest";
import { deferred } from "../../../../src/generation/deferred.ts";
import { Batcher, shareBatch } from "../../../../src/worker/step/batcher.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** One sequence that has queued this many tokens. */
function item(sequenceId: number, tokens: number): BatchItem {
  return {
    tokens: Array.from({ length: tokens }, () => 1),
    logits: [],
    evaluationPriority: sequenceId,
  } as unknown as BatchItem;
}

function share(items: readonly BatchItem[], size: number, drafts = new Map<number, number>()) {
  return shareBatch(items, size, drafts).map(({ item: { evaluationPriority }, processAmount }) => [
    evaluationPriority,
    processAmount,
  ]);
}

function watched() {
  const onStep = vi.fn();
  const onStepTime = vi.fn();
  return { onStep, onStepTime, batcher: new Batcher({ onStep, onStepTime }) };
}

test("takes all tokens that fit, in order of sequence ids", () => {
  expect(share([item(2, 1), item(0, 3), item(1, 1)], 8)).toEqual([
    [0, 3],
    [1, 1],
    [2, 1],
  ]);
});

test("takes the tokens of decoding streams first; prompts share the rest", () => {
  expect(share([item(0, 6), item(1, 6), item(2, 1), item(3, 1)], 10)).toEqual([
    [0, 6],
    [1, 2],
    [2, 1],
    [3, 1],
  ]);
});

test("leaves out sequences without room, instead of taking zero tokens", () => {
  expect(share([item(0, 5), item(1, 5), item(2, 1)], 4)).toEqual([
    [0, 3],
    [2, 1],
  ]);
});

test("takes drafts after single tokens and before prompts, and only whole", () => {
  const drafts = new Map([
    [1, 3],
    [3, 5],
  ]);

  expect(share([item(0, 6), item(1, 4), item(2, 1), item(3, 6)], 8, drafts)).toEqual([
    [0, 3],
    [1, 4],
    [2, 1],
  ]);
});

test("counts a draft as the decode of one token, and reports once how many of its tokens were right", () => {
  const { batcher, onStepTime } = watched();
  const step = (tokens: number) => {
    batcher.fillBatch({ items: [item(0, tokens)], size: 8 });
    batcher.computed();
    return onStepTime.mock.lastCall?.[0];
  };
  batcher.enter();

  batcher.drafts(0, 4);
  const drafts = { accepted: 0, refused: 0, checked: 4 };
  expect(step(5)).toMatchObject({ decodes: 1, promptTokens: 0, drafts });
  batcher.verified(4, 3);
  expect(step(1)).toMatchObject({ decodes: 1, drafts: { accepted: 3, refused: 1, checked: 0 } });
  expect(step(5)).not.toHaveProperty("drafts");
  expect(step(5)).toMatchObject({ decodes: 0, promptTokens: 5 });
});

test("defers a decode until every active stream has queued its tokens", () => {
  const { batcher, onStep } = watched();
  batcher.enter();
  batcher.enter();

  const early = batcher.fillBatch({ items: [item(0, 1)], size: 8 });
  expect(early).toEqual([]);
  expect(onStep).not.toHaveBeenCalled();
  const whole = batcher.fillBatch({ items: [item(0, 1), item(1, 1)], size: 8 });

  expect(whole).toHaveLength(2);
  expect(onStep).toHaveBeenCalledTimes(1);
});

test("defers a decode at most fifty times, then starts to count again for the next decode", () => {
  const { batcher } = watched();
  batcher.enter();
  batcher.enter();
  const askOnce = () => batcher.fillBatch({ items: [item(0, 1)], size: 8 }).length;

  const first = Array.from({ length: 51 }, askOnce);
  const second = Array.from({ length: 51 }, askOnce);

  expect(first.indexOf(1)).toBe(50);
  expect(second.indexOf(1)).toBe(50);
});

test("does not wait for a stream that has left", () => {
  const { batcher } = watched();
  batcher.enter();
  batcher.enter();
  batcher.leave();

  expect(batcher.fillBatch({ items: [item(0, 1)], size: 8 })).toHaveLength(1);
});

test("reports a step when the last stream leaves, because no further decode follows", () => {
  const { batcher, onStep } = watched();
  batcher.enter();
  batcher.enter();

  batcher.leave();
  expect(onStep).not.toHaveBeenCalled();
  batcher.leave();

  expect(onStep).toHaveBeenCalledTimes(1);
  expect(batcher.isIdle).toBe(true);
});

test("reports how long the current decode has been running", () => {
  vi.useFakeTimers();
  const { batcher } = watched();
  expect(batcher.stepAgeMs).toBe(0);

  batcher.enter();
  vi.advanceTimersByTime(30);
  expect(batcher.stepAgeMs).toBe(30);
  batcher.fillBatch({ items: [item(0, 1)], size: 8 });
  vi.advanceTimersByTime(5);
  expect(batcher.stepAgeMs).toBe(5);
  batcher.leave();

  expect(batcher.stepAgeMs).toBe(0);
});

test("measures a decode up to its first result, and reports what it contained", () => {
  vi.useFakeTimers();
  const { batcher, onStepTime } = watched();
  batcher.enter();
  batcher.enter();
  batcher.enterReading();

  batcher.fillBatch({ items: [item(0, 1), item(1, 1), item(2, 5)], size: 8 });
  vi.advanceTimersByTime(20);
  batcher.computed();
  vi.advanceTimersByTime(5);
  batcher.computed();

  expect(onStepTime.mock.calls).toEqual([[{ ms: 20, decodes: 2, promptTokens: 5 }]]);
});

test("counts the streams that read and the streams that generate", () => {
  const { batcher } = watched();
  batcher.enter();
  const endReading = batcher.enterReading();
  expect([batcher.readers, batcher.decoders]).toEqual([1, 1]);

  endReading();
  endReading();

  expect([batcher.readers, batcher.decoders]).toEqual([0, 2]);
});

test("runs exclusive work one piece at a time, in order of arrival", async () => {
  const { batcher } = watched();
  const [first, log] = [deferred<void>(), [] as string[]];

  const one = batcher.exclusively(async () => {
    log.push("first begins");
    await first.promise;
    log.push("first ends");
  });
  const two = batcher.exclusively(async () => log.push("second"));
  first.resolve();
  await Promise.all([one, two]);

  expect(log).toEqual(["first begins", "first ends", "second"]);
});

test("passes the result or the error of exclusive work to its caller, and continues", async () => {
  const { batcher } = watched();

  const failing = batcher.exclusively(() => Promise.reject(new Error("cache")));
  const next = batcher.exclusively(async () => 7);

  await expect(failing).rejects.toThrow("cache");
  expect(await next).toBe(7);
});

test("a stream stays active when no exclusive work is waiting", async () => {
  const { batcher, onStep } = watched();
  batcher.enter();

  await batcher.makeWay();

  expect(batcher.isIdle).toBe(false);
  expect(onStep).not.toHaveBeenCalled();
});

test("a stream makes way until all exclusive work is done, including work that arrived meanwhile", async () => {
  const { batcher } = watched();
  const [first, second, log] = [deferred<void>(), deferred<void>(), [] as string[]];
  batcher.enter();

  const one = batcher.exclusively(() => first.promise);
  const way = batcher.makeWay().then(() => log.push("stream goes on"));
  expect(batcher.isIdle).toBe(true);
  const two = batcher.exclusively(() => second.promise).then(() => log.push("second done"));
  first.resolve();
  await one;
  second.resolve();
  await Promise.all([two, way]);

  expect(log).toEqual(["second done", "stream goes on"]);
  expect(batcher.isIdle).toBe(false);
});
