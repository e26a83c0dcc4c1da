// Streams that outlive their connections: readers have a limited time to reconnect.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import { KeptAnswers } from "../../../src/resume/kept-answers.ts";

const GRACE_MS = 30_000;

const QUEUED = { type: "queued", position: 1, etaMs: null } as const;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open(maxBytes = 64_000_000) {
  const store = new KeptAnswers({ keepMs: GRACE_MS, maxBytes, isResumable: true });
  const abort = vi.fn<(error: ServiceError) => void>();
  let count = 0;
  const begin = (owner = "me") => {
    count += 1;
    return store.begin({ id: `stream_${count}`, owner, waitStatus: () => QUEUED, abort });
  };
  return { store, abort, begin };
}

test("stops a stream without a reader after the grace period, not earlier", () => {
  const { store, begin, abort } = open();
  const stream = begin();
  const detach = store.attach(stream);
  vi.advanceTimersByTime(10 * GRACE_MS);
  detach();
  vi.advanceTimersByTime(GRACE_MS - 1);
  const detachAgain = store.attach(stream);
  detach(); // calling it twice does no harm
  vi.advanceTimersByTime(10 * GRACE_MS);
  expect(abort).not.toHaveBeenCalled();

  detachAgain();
  vi.advanceTimersByTime(GRACE_MS);
  expect(abort.mock.calls[0]?.[0]).toMatchObject({ code: "aborted" });
});

test("continues while one of several readers is attached", () => {
  const { store, begin, abort } = open();
  const stream = begin();
  const [detach] = [store.attach(stream), store.attach(stream)];
  detach();
  vi.advanceTimersByTime(10 * GRACE_MS);

  expect(abort).not.toHaveBeenCalled();
});

test("keeps the end for a while for clients that missed it", () => {
  const { store, begin, abort } = open();
  const stream = begin();
  store.attach(stream)();
  stream.log.append([{ data: "a" }]);
  store.end(stream);
  expect(stream.waitStatus()).toBe(null);
  vi.advanceTimersByTime(GRACE_MS - 1);
  expect(store.find(stream.id, { owner: "me" })).toBe(stream);
  vi.advanceTimersByTime(1);

  expect(store.find(stream.id, { owner: "me" })).toBe(null);
  expect([store.bytes, abort.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0, 0]);
});

test("is readable with its owner or its token only", () => {
  const { store, begin } = open();
  const [mine, other] = [begin("me"), begin("other")];

  expect(store.find(mine.id, { owner: "me" })).toBe(mine);
  expect(store.find(mine.id, { token: mine.token })).toBe(mine);
  for (const claim of [{ owner: "other" }, { token: other.token }, { token: "" }])
    expect(store.find(mine.id, claim)).toBe(null);
  expect(store.find("stream_3", { owner: "me" })).toBe(null);
});

test("makes room by removing ended streams, oldest first", () => {
  const { store, begin } = open(640_000);
  const streams = Array.from({ length: 100 }, () => {
    const stream = begin();
    stream.log.append([{ data: "x".repeat(4_000) }]);
    store.end(stream);
    return stream;
  });

  expect(store.bytes).toBeLessThanOrEqual(640_000);
  expect(streams.filter(({ id }) => store.find(id, { owner: "me" }))).toHaveLength(79);
  expect(store.find(streams[0]?.id ?? "", { owner: "me" })).toBe(null);
  expect(store.find(streams[99]?.id ?? "", { owner: "me" })).toBe(streams[99]);
});

test("removes the stream that ended first, not the one that began first", () => {
  const { store, begin } = open(10_000);
  const [long, short] = [begin(), begin()];
  for (const stream of [short, long]) {
    stream.log.append([{ data: "x".repeat(2_000) }]);
    store.end(stream);
  }
  begin().log.append([{ data: "x".repeat(2_000) }]);

  expect([long, short].map(({ id }) => store.find(id, { owner: "me" }))).toEqual([long, null]);
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
    store.end(stream);
    return stream;
  };
  const bobs = keep("bob");
  const alices = Array.from({ length: 200 }, () => keep("alice"));

  expect(store.bytes).toBeLessThanOrEqual(640_000);
  expect(store.find(bobs.id, { owner: "bob" })).toBe(bobs);
  expect(store.find(alices[0]?.id ?? "", { owner: "alice" })).toBe(null);
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
  const streams = [begin(), begin()];
  for (const stream of streams) stream.log.append([{ data: "a" }]);
  for (const stream of streams.slice(1)) store.attach(stream)();
  store.close();

  for (const { id } of streams) expect(store.find(id, { owner: "me" })).toBe(null);
  expect([store.bytes, vi.getTimerCount()]).toEqual([0, 0]);
});

test("an answer of another server keeps its token, and its readers wait for the events that it writes again", async () => {
  const { store } = open();
  const source = { id: "stream_1", owner: "me", waitStatus: () => null, abort: () => {} };
  const stream = store.begin({ ...source, token: "of the first server", isReplay: true });
  const { signal } = new AbortController();
  const reading = stream.log.read(1, signal).next();
  stream.log.append([{ data: "a" }, { data: "b" }]);
  stream.log.append([{ data: "c" }]);

  expect(store.find("stream_1", { token: "of the first server" })).toBe(stream);
  expect((await reading).value).toEqual([{ id: "2", data: "c" }]);
});

test("readers of an answer that fails before the event that they have get an error, and not its end", async () => {
  const { store } = open();
  const source = { id: "stream_1", owner: "me", waitStatus: () => null, abort: () => {} };
  const stream = store.begin({ ...source, isReplay: true });
  const { signal } = new AbortController();
  const [before, after] = [stream.log.read(0, signal).next(), stream.log.read(7, signal).next()];
  stream.log.append([{ data: "a" }, { data: "error" }]);
  store.end(stream);

  expect((await before).value).toEqual([{ id: "1", data: "error" }]);
  await expect(after).rejects.toMatchObject({ code: "events_dropped" });
  expect(() => stream.log.check(1)).not.toThrow();
  expect(() => stream.log.check(2)).toThrow("could not be continued");
});

test("a full log of such an answer drops the events that its only reader has already", async () => {
  const { store } = open(64 * 1_000);
  const source = { id: "stream_1", owner: "me", waitStatus: () => null, abort: () => {} };
  const { log } = store.begin({ ...source, isReplay: true });
  const { signal } = new AbortController();
  const reading = log.read(49, signal).next();
  for (let number = 0; number <= 50; number++) log.append([{ data: "x".repeat(40) }]);

  expect(log.room(signal)).toBeUndefined();
  expect(log.bytes).toBeLessThanOrEqual(1_000);
  expect((await reading).value).toMatchObject([{ id: "50" }]);
});

test("remembers the ids of removed answers, but not of one that another server continues", async () => {
  const { store, begin } = open();
  const [removed, left] = [begin(), begin()];
  const { signal } = new AbortController();
  const reading = left.log.read(-1, signal).next();
  store.remove(removed);
  store.leave(left, new ServiceError("aborted", "continued elsewhere"));
  store.end(left);

  expect([removed, left, { id: "stream_3" }].map(({ id }) => store.knows(id))).toEqual([
    true,
    false,
    false,
  ]);
  await expect(reading).rejects.toThrow("continued elsewhere");
});
