// What a node announces, and when.

import { expect, test } from "vitest";
import { modelKeyOf } from "../../../../src/cluster/node/model-key.ts";
import { PrefixDigest } from "../../../../src/cluster/prefix-digest.ts";
import { prefixHashes } from "../../../../src/generation/prefix-hashes.ts";
import { PLAIN_PREPARED } from "../../../support/clients/requests.ts";
import { MODEL_KEY, settled } from "../../../support/cluster/test-gateway.ts";
import { startNode } from "../../../support/cluster/test-node.ts";

const PROMPT = Uint32Array.from({ length: 256 }, (_, index) => index);
const LONG = { ...PLAIN_PREPARED, promptTokens: PROMPT };
const READ = { cachedTokens: 56, prefixTier: "slot", prefillMs: 100 } as const;

function hashes(tokens: ArrayLike<number>, scope: string): readonly string[] {
  return prefixHashes(tokens, `${MODEL_KEY} ${scope}`);
}

test("a node announces itself at its start and every second, with its models", async () => {
  const { clock, announcements } = await startNode();
  await settled();
  expect(announcements).toHaveLength(1);
  clock.advance(3_000);
  await settled();
  expect(announcements).toHaveLength(4);
  expect(announcements[0]).toMatchObject({
    ...{ type: "announce", name: "n1", incarnation: "i1", startedAtMs: 1, release: "1.0.0" },
    isDraining: false,
    models: [
      {
        ...{ key: MODEL_KEY, names: ["m"], kind: "chat", isForEmbedding: true },
        ...{ state: "ready", slots: 2, orphans: 0, workerRestarts: 0, prefixes: "" },
        ...{ decodeTokensPerSecond: null, prefillTokensPerSecond: null },
      },
    ],
  });
});

test("a crash of the worker and its return are announced within a tick", async () => {
  const { worker, clock, announcements } = await startNode();
  worker.crash();
  await settled();
  expect(announcements.at(-1)?.models[0]).toMatchObject({ state: "restarting", workerRestarts: 1 });
  worker.restart();
  clock.advance(200);
  await settled();
  expect(announcements.at(-1)?.models[0]?.state).toBe("ready");
});

test("a node announces itself when it is connected again", async () => {
  const { link, announcements } = await startNode();
  link.disconnect();
  await settled();
  const { length } = announcements;
  link.reconnect();
  await settled();
  expect(announcements).toHaveLength(length + 1);
});

test("the prefixes of prompts and answers are announced, each for its own cache scope", async () => {
  const { worker, clock, announcements, gateway } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0", { request: LONG, cacheScope: "mine" });
  const ids = Array.from({ length: 64 }, (_, index) => 1000 + index);
  const output = { type: "text-delta", text: "a", tokens: 64, ids, prompt: READ } as const;
  worker.emit({ type: "output", id: "r1.0", event: output });
  worker.finish("r1.0");
  clock.advance(1_000);
  await settled();
  const digest = PrefixDigest.decode(announcements.at(-1)?.models[0]?.prefixes ?? "");
  const whole = [...PROMPT, ...ids];
  expect(digest.sharedBlocks(hashes(whole, "mine"))).toBe(5);
  expect(digest.sharedBlocks(hashes(whole, "another"))).toBe(0);
});

test("a request that leaves nothing in the cache is not in the digest, and a crash empties it", async () => {
  const { worker, clock, announcements, gateway } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0", { request: { ...LONG, reusePrefix: false } });
  worker.finish("r1.0");
  clock.advance(1_000);
  await settled();
  expect(announcements.at(-1)?.models[0]?.prefixes).toBe("");
  await g1.start("r2.0", { request: LONG });
  worker.finish("r2.0");
  clock.advance(1_000);
  await settled();
  expect(announcements.at(-1)?.models[0]?.prefixes).not.toBe("");
  worker.crash();
  await settled();
  expect(announcements.at(-1)?.models[0]?.prefixes).toBe("");
});

test("only as many prefixes are announced as the caches can hold: the oldest are forgotten, their beginnings last", async () => {
  const { worker, clock, announcements, gateway } = await startNode({
    model: { slots: 1, contextTokens: 320 },
  });
  const g1 = gateway("g1", 1);
  const prompts = [0, 1, 2].map((shift) => PROMPT.map((token) => token + 1000 * shift));
  for (const [index, promptTokens] of prompts.entries()) {
    await g1.start(`r${index}.0`, { request: { ...LONG, promptTokens } });
    worker.finish(`r${index}.0`);
    await settled();
  }
  clock.advance(1_000);
  await settled();
  const digest = PrefixDigest.decode(announcements.at(-1)?.models[0]?.prefixes ?? "");
  expect(prompts.map((prompt) => digest.sharedBlocks(hashes(prompt, "")))).toEqual([2, 4, 4]);
});

test("the measured speeds are those of one stream, and of reading what was not cached", async () => {
  const { worker, clock, announcements, gateway } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0", { request: LONG });
  const load = { ms: 20, decodes: 2, promptTokens: 0, threads: 1 };
  const delta = { type: "text-delta", text: "a", tokens: 1, prompt: READ } as const;
  worker.step(
    [{ type: "output", id: "r1.0", event: delta }],
    [load, { ...load, ms: 500, promptTokens: 200 }],
  );
  clock.advance(1_000);
  await settled();
  const model = announcements.at(-1)?.models[0];
  expect(model?.decodeTokensPerSecond).toBeCloseTo(50);
  expect(model?.prefillTokensPerSecond).toBeCloseTo(2000);
});

test("a model's key depends on the file, its name and its use", () => {
  const file = { bytes: 10, sha256OfFirstMiB: "ab" };
  const use = { kind: "chat", name: "m" } as const;
  const key = modelKeyOf(file, use);
  expect(modelKeyOf({ ...file }, { ...use })).toBe(key);
  const others = [
    modelKeyOf({ ...file, bytes: 11 }, use),
    modelKeyOf({ ...file, sha256OfFirstMiB: "ac" }, use),
    modelKeyOf(file, { ...use, name: "n" }),
    modelKeyOf(file, { ...use, kind: "embedding" }),
  ];
  expect(new Set([key, ...others]).size).toBe(5);
});
