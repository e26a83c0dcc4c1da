// What happens to a slot before and after a request. The sequences are fakes whose states are files with their tokens.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { LlamaContextSequence } from "node-llama-cpp";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PrefixCache } from "../../../../src/worker/cache/prefix-cache.ts";
import { SavedTiers } from "../../../../src/worker/cache/saved-tiers.ts";
import { Batcher } from "../../../../src/worker/step/batcher.ts";
import type { Run } from "../../../../src/worker/step/run.ts";
import { Slot, SlotPool } from "../../../../src/worker/step/slots.ts";

let folder = "";
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  folder = mkdtempSync(path.join(tmpdir(), "sluice-prefixes-"));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

function fakeSequence() {
  const cache: number[] = [];
  const shared = (tokens: readonly number[]) => {
    const at = cache.findIndex((token, index) => token !== tokens[index]);
    return at < 0 ? cache.length : at;
  };
  const load = (tokens: readonly number[]) => cache.splice(0, cache.length, ...tokens);
  return {
    get nextTokenIndex() {
      return cache.length;
    },
    get contextTokens() {
      return cache.slice();
    },
    load,
    compareContextTokens: (tokens: readonly number[]) => ({ firstDifferentIndex: shared(tokens) }),
    getRestoreToPrefixIndexEvaluationSize: () => 0,
    adaptStateToTokens: async (tokens: readonly number[]) => void cache.splice(shared(tokens)),
    clearHistory: async () => void cache.splice(0),
    saveStateToFile: vi.fn(async (file: string) => writeFileSync(file, JSON.stringify(cache))),
    loadStateFromFile: vi.fn(async (file: string) => {
      load(JSON.parse(readFileSync(file, "utf8")));
    }),
  };
}

async function open(slotCount = 1) {
  const log = vi.fn();
  const batcher = new Batcher({ onStep: () => {}, onStepTime: () => {} });
  const sequences = Array.from({ length: slotCount }, fakeSequence);
  const slots = sequences.map(
    (sequence, id) => new Slot(id, sequence as unknown as LlamaContextSequence),
  );
  const options = { folder, maxRamBytes: 1e6, disk: null, modelKey: "m", isWhole: false };
  const cache = new PrefixCache({
    pool: new SlotPool(slots),
    batcher,
    tiers: Promise.resolve(new SavedTiers({ ...options, onBytes: () => {}, log })),
    bytesPerToken: 5,
    log,
  });
  await Promise.resolve(); // the tiers are open now
  for (let time = 0; time < 20; time++) cache.hasRead(1_000, 20_000); // reading is slow
  /** A request that reads its prompt and ends. @returns what it found in the cache */
  const request = async (tokens: readonly number[], changes: RunChanges = {}) => {
    const run = runOf(tokens, changes);
    const place = cache.take(run);
    if (!place) throw new Error("no slot is free");
    const entered = await cache.enter(place, run);
    sequences[place.slot.id]?.load(tokens);
    cache.leave(place.slot);
    return { ...entered, slot: place.slot.id };
  };
  const idle = () => vi.advanceTimersByTimeAsync(100);
  return { cache, batcher, sequences, log, request, idle };
}

type RunChanges = {
  readonly cacheScope?: string;
  readonly reusePrefix?: boolean;
  readonly needsPromptLogprobs?: boolean;
};

function runOf(
  tokens: readonly number[],
  { cacheScope = "", reusePrefix = true, needsPromptLogprobs = false }: RunChanges,
): Run {
  return { tokens, cacheScope, needsPromptLogprobs, request: { reusePrefix } } as unknown as Run;
}

const numbers = (count: number, from: number) =>
  Array.from({ length: count }, (_, at) => from + at);
const ONE = numbers(200, 0);
const OTHER = numbers(200, 5_000);

test("a conversation that lost its slot gets its prefix back from memory", async () => {
  const { request, sequences } = await open();
  await request(ONE);
  await request(OTHER); // ONE is saved before it is lost

  expect(await request([...ONE, 1])).toMatchObject({ cachedTokens: 200, tier: "ram" });
  expect(sequences[0]?.saveStateToFile).toHaveBeenCalledTimes(2);
});

test("a slot is saved while there is nothing to compute, and then not again when it is lost", async () => {
  const { request, sequences, idle } = await open();
  await request(ONE);
  await idle();
  expect(sequences[0]?.saveStateToFile).toHaveBeenCalledTimes(1);
  await request(OTHER);
  expect(sequences[0]?.saveStateToFile).toHaveBeenCalledTimes(1);
});

test("nothing is saved while a stream is decoding and its slot is not needed", async () => {
  const { request, sequences, idle, batcher } = await open();
  batcher.enter();
  await request(ONE);
  await idle();

  expect(sequences[0]?.saveStateToFile).not.toHaveBeenCalled();
  batcher.leave();
});

test("a slot that still holds the prefix needs no saved one", async () => {
  const { request, sequences, idle } = await open(2);
  await request(ONE);
  await idle();

  expect(await request([...ONE, 1])).toMatchObject({ cachedTokens: 200, tier: "slot", slot: 0 });
  expect(sequences[0]?.loadStateFromFile).not.toHaveBeenCalled();
});

test("a shared system prompt is loaded into an empty slot, and the other conversation keeps its own", async () => {
  const { request, idle } = await open(2);
  await request([...ONE, 7, 7, 7]);
  await idle();

  expect(await request([...ONE, 8])).toMatchObject({ cachedTokens: 200, tier: "ram", slot: 1 });
  expect(await request([...ONE, 7, 7, 7, 9])).toMatchObject({ cachedTokens: 203, tier: "slot" });
});

test("a request of another scope finds nothing, neither in a slot nor in memory", async () => {
  const { request } = await open();
  await request(ONE, { cacheScope: "one key" });
  await request(OTHER, { cacheScope: "one key" });

  expect(await request(ONE, { cacheScope: "another key" })).toMatchObject({ cachedTokens: 0 });
  expect(await request(ONE, { cacheScope: "one key" })).toMatchObject({ cachedTokens: 199 });
});

test("a request that wants no cache reads everything, and one for logprobs of its prompt too", async () => {
  const { request, idle } = await open();
  await request(ONE);
  await idle();

  expect(await request(ONE, { reusePrefix: false })).toMatchObject({ cachedTokens: 0 });
  expect(await request(ONE, { needsPromptLogprobs: true })).toMatchObject({ cachedTokens: 0 });
});

test("a state that cannot be loaded is removed, and the prompt is read", async () => {
  const { request, sequences, log } = await open();
  await request(ONE);
  await request(OTHER);
  sequences[0]?.loadStateFromFile.mockRejectedValueOnce(new Error("cannot"));

  expect(await request(ONE)).toMatchObject({ cachedTokens: 0, tier: "slot" });
  expect(log).toHaveBeenCalledWith("warn", "a saved cache could not be loaded: cannot");
});

test("a state that cannot be saved leaves no file", async () => {
  const { request, sequences, idle, log } = await open();
  sequences[0]?.saveStateToFile.mockRejectedValue(new Error("ENOSPC"));
  await request(ONE);
  await idle();

  expect(readdirSync(folder)).toEqual([]);
  expect(log).toHaveBeenCalledWith("warn", "a prompt's cache could not be saved: ENOSPC");
});

test("all free slots are saved before the process ends", async () => {
  const { cache, request, sequences } = await open(2);
  await request(ONE);
  await request(OTHER);
  await cache.close();

  for (const sequence of sequences) expect(sequence.saveStateToFile).toHaveBeenCalledTimes(1);
});

test("a short prompt is not saved", async () => {
  const { request, idle } = await open();
  await request(numbers(40, 0));
  await idle();

  expect(readdirSync(folder)).toEqual([]);
});
