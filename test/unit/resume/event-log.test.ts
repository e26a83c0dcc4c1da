// The log of a stream: no event is missed, none comes twice, and what is gone is said to be gone.

import { expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import { EventLog } from "../../../src/resume/event-log.ts";

const never = new AbortController().signal;
const event = (number: number) => ({ event: "a", data: `${number}` });

async function readAll(log: EventLog, after = -1, signal = never): Promise<string[]> {
  const seen: string[] = [];
  for await (const batch of log.read(after, signal)) seen.push(...batch.map(({ data }) => data));
  return seen;
}

test("gives what was missed, then what comes, until the end", async () => {
  const log = new EventLog();
  log.append([event(0), event(1)]);
  const reading = readAll(log);
  log.append([event(2)]);
  await Promise.resolve();
  log.append([event(3)]);
  log.end();

  expect(await reading).toEqual(["0", "1", "2", "3"]);
});

test("begins after the event that the reader has", async () => {
  const log = new EventLog();
  log.append([0, 1, 2, 3].map(event));
  log.end();

  expect(await readAll(log, 1)).toEqual(["2", "3"]);
  expect(await readAll(log, 3)).toEqual([]);
  expect(await readAll(log, 99)).toEqual([]);
});

test("serves several readers, each at its own pace", async () => {
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

test("gives a long past in batches, so that a reader waits for its socket in between", async () => {
  const log = new EventLog();
  log.append(Array.from({ length: 100 }, () => ({ data: "x".repeat(10_000) })));
  log.end();
  const sizes: number[] = [];
  for await (const batch of log.read(-1, never)) sizes.push(batch.length);

  expect(Math.max(...sizes)).toBe(7);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(100);
});

test("leaves a reader whose signal is aborted, and keeps no listener", async () => {
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

test("tells a reader that waits when the rest will not be kept", async () => {
  const log = new EventLog();
  log.append([event(0)]);
  const reading = readAll(log, 0);
  await new Promise((resolve) => setImmediate(resolve));
  log.drop();

  await expect(reading).rejects.toMatchObject({ code: "events_dropped" });
});

test("counts what it keeps, and takes nothing after its end", () => {
  const growths: number[] = [];
  const log = new EventLog((bytes) => growths.push(bytes));
  log.append([{ data: "x".repeat(100) }]);
  log.append([]);
  log.end();
  log.append([event(1)]);

  expect(growths).toEqual([264]);
  expect(log.bytes).toBe(264);
});
