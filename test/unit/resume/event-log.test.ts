// The event log of a stream: no event is lost or repeated, and dropped events are reported.

import { describe, expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import { EventLog } from "../../../src/resume/event-log.ts";

const never = new AbortController().signal;
const event = (number: number) => ({ event: "a", data: `${number}` });

async function readAll(log: EventLog, after = -1, signal = never): Promise<string[]> {
  const seen: string[] = [];
  for await (const batch of log.read(after, signal)) seen.push(...batch.map(({ data }) => data));
  return seen;
}

test("yields missed events, then new ones, until the end", async () => {
  const log = new EventLog();
  log.append([event(0), event(1)]);
  const reading = readAll(log);
  log.append([event(2)]);
  await Promise.resolve();
  log.append([event(3)]);
  log.end();

  expect(await reading).toEqual(["0", "1", "2", "3"]);
});

test("starts after the last event the reader has", async () => {
  const log = new EventLog();
  log.append([0, 1, 2, 3].map(event));
  log.end();

  expect(await readAll(log, 1)).toEqual(["2", "3"]);
  expect(await readAll(log, 3)).toEqual([]);
  expect(await readAll(log, 99)).toEqual([]);
});

test("serves several readers at their own pace", async () => {
  const log = new EventLog();
  const early = readAll(log);
  log.append([event(0)]);
  await new Promise((resolve) => setImmediate(resolve));
  const late = readAll(log);
  log.append([event(1)]);
  log.end();

  expect(await Promise.all([early, late])).toEqual([
    ["0", "1"],
    ["0", "1"],
  ]);
});

test("yields a long history in batches, so that a reader can wait for its socket in between", async () => {
  const log = new EventLog();
  log.append(Array.from({ length: 100 }, () => ({ data: "x".repeat(10_000) })));
  log.end();
  const sizes: number[] = [];
  for await (const batch of log.read(-1, never)) sizes.push(batch.length);

  expect(Math.max(...sizes)).toBe(7);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(100);
});

test("stops a reader whose signal is aborted, and keeps no listener", async () => {
  const log = new EventLog();
  const controller = new AbortController();
  const reading = readAll(log, -1, controller.signal);
  await Promise.resolve();
  controller.abort(new ServiceError("aborted", "gone"));

  await expect(reading).rejects.toMatchObject({ code: "aborted" });
});

test.each(["before its end", "after its end"])(
  "says that events are gone, when they were dropped %s",
  async (when) => {
    const log = new EventLog();
    log.append([event(0), event(1)]);
    if (when === "before its end") log.drop();
    log.append([event(2)]);
    log.end();
    log.drop();

    await expect(readAll(log)).rejects.toMatchObject({ code: "events_dropped" });
    expect(await readAll(log, 2)).toEqual([]);
    expect(log.bytes).toBe(0);
  },
);

test("fails a waiting reader when the events are dropped", async () => {
  const log = new EventLog();
  log.append([event(0)]);
  const reading = readAll(log, 0);
  await new Promise((resolve) => setImmediate(resolve));
  log.drop();

  await expect(reading).rejects.toMatchObject({ code: "events_dropped" });
});

test("numbers its events on request", async () => {
  const log = new EventLog({ isNumbered: true });
  log.append([event(0)]);
  log.append([event(1)]);
  log.end();

  for await (const batch of log.read(0, never)) expect(batch).toEqual([{ id: "1", ...event(1) }]);
  expect([log.isReadTo(0), log.isReadTo(1), log.isReadTo(9)]).toEqual([false, true, true]);
});

describe("a log that is full", () => {
  const full = () => {
    const log = new EventLog({ maxBytes: () => 1_000, isNumbered: true });
    for (let number = 0; number < 20; number++) log.append([event(number)]); // 66 bytes or more each
    return log;
  };
  const isWaiting = async (waiting: Promise<void> | undefined) => {
    let isOver = false;
    void waiting?.then(() => {
      isOver = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    return !isOver;
  };

  test("makes its writer wait until a reader reads", async () => {
    const log = full();
    const room = log.room(never);
    expect(await isWaiting(room)).toBe(true);

    const reader = log.read(-1, never);
    await reader.next();
    expect(await isWaiting(room)).toBe(true); // a batch counts as read when the next one is requested
    void reader.next();
    await room;
    expect(log.bytes).toBeLessThanOrEqual(1_000);
  });

  test("keeps events the slowest reader has not read, and the newest that all have read", async () => {
    const log = full();
    const [fast, slow] = [log.read(-1, never), log.read(-1, never)];
    await Promise.all([fast.next(), slow.next()]);
    const late = fast.next();
    for (let number = 20; number < 100; number++) log.append([event(number)]);
    await late;
    void fast.next();
    expect(log.bytes).toBeGreaterThan(5_000); // the slow reader has not read 20 to 99
    await slow.next();
    void slow.next();

    await log.room(never);
    expect(log.bytes).toBeGreaterThan(500);
    log.end();
    const newest: string[] = [];
    for await (const batch of log.read(95, never)) newest.push(...batch.map(({ id }) => id ?? ""));
    expect(newest).toEqual(["96", "97", "98", "99"]);
    await expect(log.read(3, never).next()).rejects.toMatchObject({ code: "events_dropped" });
  });

  test("releases its writer when the signal is aborted or the log is dropped", async () => {
    const controller = new AbortController();
    const [aborted, dropped] = [full(), full()];
    const waiting = aborted.room(controller.signal);
    controller.abort(new ServiceError("aborted", "gone"));
    await expect(waiting).rejects.toMatchObject({ code: "aborted" });

    const room = dropped.room(never);
    dropped.drop();
    await room;
  });
});

test("counts the bytes it keeps, and accepts nothing after its end", () => {
  const growths: number[] = [];
  const log = new EventLog({ onChange: (bytes) => growths.push(bytes) });
  log.append([{ data: "x".repeat(100) }]);
  log.append([]);
  log.end();
  log.append([event(1)]);

  expect(growths).toEqual([264]);
  expect(log.bytes).toBe(264);
});
