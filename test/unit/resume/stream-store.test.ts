// Streams that outlive their connections: readers have a limited time to reconnect.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ServiceError } from "../../../src/errors.ts";
import { StreamStore } from "../../../src/resume/stream-store.ts";

const GRACE_MS = 30_000;

const QUEUED = { type: "queued", position: 1, etaMs: null } as const;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open(maxBytes = 64_000_000) {
  const store = new StreamStore({ graceMs: GRACE_MS, maxBytes });
  const abort = vi.fn<(error: ServiceError) => void>();
  const begin = (owner = "me") => store.begin({ owner, waitStatus: () => QUEUED, abort });
  return { store, abort, begin };
}

test("stops a stream without a reader after the grace period, not earlier", () => {
  const { begin, abort } = open();
  const stream = begin();
  const detach = stream.attach();
  vi.advanceTimersByTime(10 * GRACE_MS);
  detach();
  vi.advanceTimersByTime(GRACE_MS - 1);
  const detachAgain = stream.attach();
  detach(); // calling it twice does no harm
  vi.advanceTimersByTime(10 * GRACE_MS);
  expect(abort).not.toHaveBeenCalled();

  detachAgain();
  vi.advanceTimersByTime(GRACE_MS);
  expect(abort.mock.calls[0]?.[0]).toMatchObject({ code: "aborted" });
});

test("continues while one of several readers is attached", () => {
  const { begin, abort } = open();
  const stream = begin();
  const [detach] = [stream.attach(), stream.attach()];
  detach();
  vi.advanceTimersByTime(10 * GRACE_MS);

  expect(abort).not.toHaveBeenCalled();
});

test("keeps the end for a while for clients that missed it", () => {
  const { store, begin, abort } = open();
  const stream = begin();
  stream.attach()();
  stream.log.append([{ data: "a" }]);
  stream.end();
  expect(stream.waitStatus()).toBe(null);
  vi.advanceTimersByTime(GRACE_MS - 1);
  expect(store.get(stream.id, { owner: "me" })).toBe(stream);
  vi.advanceTimersByTime(1);

  expect(() => store.get(stream.id, { owner: "me" })).toThrow("no such stream");
  expect([store.size, store.bytes, abort.mock.calls.length]).toEqual([0, 0, 0]);
});

test("is readable with its owner or its token only", () => {
  const { store, begin } = open();
  const [mine, other] = [begin("me"), begin("other")];

  expect(store.get(mine.id, { owner: "me" })).toBe(mine);
  expect(store.get(mine.id, { token: mine.token })).toBe(mine);
  for (const claim of [{ owner: "other" }, { token: other.token }, { token: "" }])
    expect(() => store.get(mine.id, claim)).toThrow("no such stream");
  expect(() => store.get("stream_1", { owner: "me" })).toThrow("no such stream");
});

test("makes room by removing ended streams, oldest first", () => {
  const { store, begin } = open(640_000);
  const streams = Array.from({ length: 100 }, () => {
    const stream = begin();
    stream.log.append([{ data: "x".repeat(4_000) }]);
    stream.end();
    return stream;
  });

  expect(store.bytes).toBeLessThanOrEqual(640_000);
  expect(store.size).toBe(79);
  expect(() => store.get(streams[0]?.id ?? "", { owner: "me" })).toThrow("no such stream");
  expect(store.get(streams[99]?.id ?? "", { owner: "me" })).toBe(streams[99]);
});

test("many unread streams barely exceed the memory limit, and a stream with a reader continues", async () => {
  const { store, begin } = open(640_000);
  const writeTo = async ({ log }: ReturnType<typeof begin>, events: number) => {
    const { signal } = new AbortController();
    for (let count = 0; count < events; count++) {
      log.append([{ data: "x".repeat(468) }]); // 1000 bytes
      await log.room(signal);
    }
    log.end();
  };
  for (let count = 0; count < 400; count++) void writeTo(begin(), 10_000);
  await vi.advanceTimersByTimeAsync(0);
  expect(store.bytes).toBeLessThan(2 * 640_000);

  const stream = begin();
  const writing = writeTo(stream, 100);
  let read = 0;
  for await (const events of stream.log.read(-1, new AbortController().signal))
    read += events.length;
  await writing;
  expect(read).toBe(100);
});

test("an owner with more than an equal share loses its own ended streams, and no other owner loses one", () => {
  const { store, begin } = open(640_000);
  const keep = (owner: string) => {
    const stream = begin(owner);
    stream.log.append([{ data: "x".repeat(4_000) }]);
    stream.end();
    return stream;
  };
  const bobs = keep("bob");
  const alices = Array.from({ length: 200 }, () => keep("alice"));

  expect(store.bytes).toBeLessThanOrEqual(640_000);
  expect(store.get(bobs.id, { owner: "bob" })).toBe(bobs);
  expect(() => store.get(alices[0]?.id ?? "", { owner: "alice" })).toThrow("no such stream");
});

test("one owner's unread streams leave the other owners their share", async () => {
  const { store, begin } = open(640_000);
  const fill = (owner: string) => {
    const { signal } = new AbortController();
    const { log } = begin(owner);
    let count = 0;
    const writing = (async () => {
      for (; count < 1_000; count++) {
        log.append([{ data: "x".repeat(468) }]); // 1000 bytes
        await log.room(signal);
      }
    })();
    return { writing, count: () => count };
  };
  for (let count = 0; count < 200; count++) fill("alice");
  await vi.advanceTimersByTimeAsync(0);
  const bobs = fill("bob");
  await vi.advanceTimersByTimeAsync(0);

  expect(bobs.count()).toBeGreaterThanOrEqual(9); // a 64th of the memory: bob's share is not that of 201 streams
  expect(store.bytes).toBeLessThan(2 * 640_000);
});

test("leaves nothing behind when it closes", () => {
  const { store, begin } = open();
  begin().log.append([{ data: "a" }]);
  begin().attach()();
  store.close();

  expect([store.size, store.bytes, vi.getTimerCount()]).toEqual([0, 0, 0]);
});
