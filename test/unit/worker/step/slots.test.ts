// Which slot a request gets, and what its cache keeps. The sequences are fakes whose cache is a list of tokens.

import type { LlamaContextSequence } from "node-llama-cpp";
import { expect, test, vi } from "vitest";
import { Batcher } from "../../../../src/worker/step/batcher.ts";
import { kvTokensOf, Slot, SlotPool } from "../../../../src/worker/step/slots.ts";

function fakeSequence(initial: readonly number[]) {
  const cache = [...initial];
  const shared = (tokens: readonly number[]) => {
    const at = cache.findIndex((token, index) => token !== tokens[index]);
    return at < 0 ? cache.length : at;
  };
  const sequence = {
    get nextTokenIndex() {
      return cache.length;
    },
    compareContextTokens: (tokens: readonly number[]) => ({ firstDifferentIndex: shared(tokens) }),
    getRestoreToPrefixIndexEvaluationSize: () => 0,
    adaptStateToTokens: vi.fn(async (tokens: readonly number[]) => {
      cache.length = shared(tokens);
    }),
    clearHistory: vi.fn(async () => {
      cache.length = 0;
    }),
  };
  return { cache, sequence };
}

function slot(id: number, cache: readonly number[] = []) {
  const fake = fakeSequence(cache);
  return { ...fake, slot: new Slot(id, fake.sequence as unknown as LlamaContextSequence) };
}

/** Slots with ids from 0, used in the order given by `useOrder`. */
function pool(caches: readonly (readonly number[])[], useOrder: readonly number[] = []) {
  const slots = caches.map((cache, id) => slot(id, cache).slot);
  for (const [index, id] of useOrder.entries()) {
    const used = slots[id];
    if (used) used.lastUsed = index - useOrder.length; // earlier than any use that the pool counts
  }
  return new SlotPool(slots);
}

function asked(tokens: readonly number[], scope: string, savedTokens = 0) {
  return { tokens, scope, savedTokens };
}

const batcher = new Batcher({ onStep: () => {}, onStepTime: () => {} });

test("counts the tokens of busy slots apart from those that free slots keep", () => {
  const slots = [[1, 2, 3], [4, 5], []].map((cache, id) => slot(id, cache).slot);
  for (const each of slots) each.isBusy = each.id === 1;

  expect(kvTokensOf(slots)).toEqual({ running: 2, kept: 3 });
  expect(kvTokensOf([])).toEqual({ running: 0, kept: 0 });
});

test("takes the slot that holds the longest prefix of the prompt", () => {
  expect(pool([[1], [1, 2, 3, 9], [1, 2], []]).take(asked([1, 2, 3, 4], ""))?.id).toBe(1);
});

test("prefers an empty slot to the cache of another conversation", () => {
  expect(pool([[7, 8], [9], []], [0, 1]).take(asked([1, 2], ""))?.id).toBe(2);
});

test("takes the empty slot with the lowest id", () => {
  expect(pool([[7], [], []]).take(asked([1], ""))?.id).toBe(1);
});

test("takes the least recently used slot when none is empty", () => {
  expect(pool([[7], [8], [9]], [2, 0, 1]).take(asked([1], ""))?.id).toBe(2);
});

test("takes the longest prefix even if an empty slot is free", () => {
  expect(pool([[], [1]]).take(asked([1, 2], ""))?.id).toBe(1);
});

test("counts taking a slot as its latest use", () => {
  const slots = pool([[7], [8]], [0, 1]);

  const first = slots.take(asked([1], ""));
  if (first) slots.release(first);

  expect(first?.id).toBe(0);
  expect(slots.take(asked([1], ""))?.id).toBe(1);
});

test("gives each slot to one request at a time, and none when all are busy", () => {
  const slots = pool([[1, 2], []]);

  const taken = [
    slots.take(asked([1, 2], "")),
    slots.take(asked([1, 2], "")),
    slots.take(asked([1, 2], "")),
  ];

  expect(taken.map((each) => each?.id ?? null)).toEqual([0, 1, null]);
});

test("takes a slot next to the busy ones, even if another was used longer ago", () => {
  const slots = pool([[7], [7], [7], [7], [7]], [2, 0, 4, 1, 3]);

  const ids = [1, 2, 3, 4, 5].map(() => slots.take(asked([7, 8], ""))?.id);

  expect(ids).toEqual([2, 1, 0, 3, 4]); // consecutive at every moment
});

test("closes a gap between busy slots before it opens a new one", () => {
  const slots = pool([[], [], [], []]);
  const [, second] = [
    slots.take(asked([1], "")),
    slots.take(asked([1], "")),
    slots.take(asked([1], "")),
  ];
  if (second) slots.release(second);

  expect(slots.take(asked([1], ""))?.id).toBe(1);
});

test("takes a slot apart from the busy ones if its cache saves enough tokens", () => {
  const conversation = Array.from({ length: 100 }, (_, index) => index);
  const slots = pool([[], [], [], conversation]);
  slots.take(asked([500], ""));

  expect(slots.take(asked([...conversation.slice(0, 40), 500], ""))?.id).toBe(1);
  expect(slots.take(asked(conversation, ""))?.id).toBe(3);
});

test("gives a released slot to the next request", () => {
  const slots = pool([[]]);

  const first = slots.take(asked([1], ""));
  expect(slots.take(asked([1], ""))).toBeNull();
  if (first) slots.release(first);

  expect(slots.take(asked([1], ""))?.id).toBe(0);
});

test("keeps the common prefix of the cache and drops the rest", async () => {
  const { slot: used, cache } = slot(0, [1, 2, 3, 4]);

  expect(await used.keepPrefix([1, 2, 9, 9], batcher)).toBe(2);
  expect(cache).toEqual([1, 2]);
});

test("leaves the last token to be read, even if the cache holds the whole prompt", async () => {
  const { slot: used, cache } = slot(0, [1, 2, 3]);

  expect(await used.keepPrefix([1, 2, 3], batcher)).toBe(2);
  expect(cache).toEqual([1, 2]);
});

test("does not touch a cache that is kept completely", async () => {
  const { slot: used, sequence } = slot(0, [1, 2]);

  expect(await used.keepPrefix([1, 2, 3], batcher)).toBe(2);
  expect(sequence.adaptStateToTokens).not.toHaveBeenCalled();
});

test("clears a cache that holds tokens, and leaves an empty one alone", async () => {
  const [full, empty] = [slot(0, [1, 2]), slot(1)];

  await full.slot.clear(batcher);
  await empty.slot.clear(batcher);

  expect(full.cache).toEqual([]);
  expect(empty.sequence.clearHistory).not.toHaveBeenCalled();
});

test("a cache serves only requests of its own scope, and is cleared when another scope takes the slot", async () => {
  const one = slot(0, [1, 2, 3]);
  const slots = new SlotPool([one.slot, slot(1).slot]);

  expect(slots.take(asked([1, 2, 3, 4], "another key"))?.id).toBe(1); // an empty slot is equally good
  expect(one.slot.reusable([1, 2, 3], "another key")).toBe(0);
  await one.slot.enterScope("another key", batcher);
  expect(one.cache).toEqual([]);
  await one.slot.enterScope("another key", batcher);
  expect(one.sequence.clearHistory).toHaveBeenCalledTimes(1);
});
