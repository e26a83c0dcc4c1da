// The channel between the engine and one reader: order, merging, and the credit that it reports.

import { expect, test, vi } from "vitest";
import { Channel } from "../../../src/engine/channel.ts";
import { ServiceError } from "../../../src/errors.ts";
import type { Finish, GenerateEvent, TextDelta } from "../../../src/generation/events.ts";

const FINISH: Finish = {
  type: "finish",
  reason: "stop",
  stopString: null,
  usage: { promptTokens: 1, cachedTokens: 0, completionTokens: 2, reasoningTokens: 0 },
  prefixTier: "slot",
  prefillMs: 3,
};

function delta(text: string, atMs = 0): TextDelta {
  return { type: "text-delta", text, tokens: 1, atMs };
}

function open() {
  const onTaken = vi.fn<(bytes: number) => void>();
  const channel = new Channel({ onTaken });
  return { channel, onTaken, reader: channel[Symbol.asyncIterator]() };
}

async function readAll(channel: Channel): Promise<GenerateEvent[]> {
  const events: GenerateEvent[] = [];
  for await (const event of channel) events.push(event);
  return events;
}

test("gives a fast reader each delta on its own", async () => {
  const { channel, reader } = open();

  channel.push(delta("a"));
  const first = await reader.next();
  channel.push(delta("b"));
  const second = await reader.next();

  expect(first.value).toEqual(delta("a"));
  expect(second.value).toEqual(delta("b"));
});

test("merges deltas that wait for a slow reader, with the newest time", async () => {
  const { channel } = open();

  for (const [index, text] of ["one ", "two ", "three"].entries()) channel.push(delta(text, index));
  channel.push(FINISH);

  expect(await readAll(channel)).toEqual([
    { type: "text-delta", text: "one two three", tokens: 3, atMs: 2 },
    FINISH,
  ]);
});

test("merges nothing in a stream that must be repeatable", async () => {
  const onTaken = vi.fn<(bytes: number) => void>();
  const channel = new Channel({ onTaken, isExact: true });
  const progress = { type: "prefill", total: 2, cached: 0, processed: 1, ms: 1 } as const;
  const events = [progress, { ...progress, processed: 2 }, delta("one "), delta("two "), FINISH];

  for (const event of events) channel.push(event);

  expect(await readAll(channel)).toEqual(events);
  expect(onTaken.mock.calls).toEqual([[4], [4]]);
});

test("wakes a reader that was waiting", async () => {
  const { channel, reader } = open();

  const waiting = reader.next();
  channel.push(delta("late"));

  expect(await waiting).toEqual({ done: false, value: delta("late") });
});

test("ends after the finish event", async () => {
  const { channel, reader } = open();

  channel.push(FINISH);

  expect(await reader.next()).toEqual({ done: false, value: FINISH });
  expect(await reader.next()).toEqual({ done: true, value: undefined });
});

test("delivers the text that came before a failure, then throws the failure", async () => {
  const { channel, reader } = open();
  const error = new ServiceError("worker_crashed", "gone");

  channel.push(delta("last words"));
  channel.fail(error);

  expect((await reader.next()).value).toEqual(delta("last words"));
  await expect(reader.next()).rejects.toBe(error);
});

test("fails a waiting reader", async () => {
  const { channel, reader } = open();
  const error = new ServiceError("aborted", "left");

  const waiting = reader.next();
  channel.fail(error);

  await expect(waiting).rejects.toBe(error);
});

test("accepts neither text nor a failure after the finish", async () => {
  const { channel } = open();

  channel.push(FINISH);
  channel.push(delta("too late"));
  channel.fail(new Error("too late"));

  expect(await readAll(channel)).toEqual([FINISH]);
});

test("keeps its first failure", async () => {
  const { channel } = open();

  channel.fail(new Error("first"));
  channel.fail(new Error("second"));
  channel.push(FINISH);

  await expect(readAll(channel)).rejects.toThrow("first");
});

test("reports text in UTF-8 bytes, and only when it is taken", async () => {
  const { channel, onTaken, reader } = open();

  channel.push(delta("é"));
  channel.push(delta("🙂"));
  expect(onTaken).not.toHaveBeenCalled();
  await reader.next();

  expect(onTaken.mock.calls).toEqual([[6]]);
});

test("ends without a finish event when it is closed, after the events that wait", async () => {
  const { channel, reader } = open();
  channel.push(delta("text"));

  channel.close();
  channel.push(delta("too late"));

  expect(await readAll(channel)).toEqual([delta("text")]);
  expect((await reader.next()).done).toBe(true);
});

test("wakes a reader that was waiting when it is closed", async () => {
  const { channel, reader } = open();

  const waiting = reader.next();
  channel.close();

  expect((await waiting).done).toBe(true);
});

test("keeps deltas of different kinds apart, in their order", async () => {
  const { channel, onTaken } = open();
  const reasoning = { type: "reasoning-delta", text: "hm", tokens: 1, atMs: 0 } as const;
  const call = {
    type: "tool-call-delta",
    index: 0,
    name: "f",
    text: "",
    tokens: 1,
    atMs: 0,
  } as const;
  const args = { ...call, name: null, text: "{}" };

  for (const event of [reasoning, delta("a"), delta("b"), call, args, FINISH]) channel.push(event);

  const events = await readAll(channel);
  expect(events.map(({ type }) => type)).toEqual([
    "reasoning-delta",
    "text-delta",
    "tool-call-delta",
    "finish",
  ]);
  expect(events[2]).toMatchObject({ name: "f", text: "{}" });
  expect(onTaken.mock.calls).toEqual([[2], [2], [2]]);
});

test("keeps only the newest prompt progress, which has no weight", async () => {
  const { channel, onTaken } = open();
  const progress = { type: "prefill", total: 9, cached: 0, processed: 3, ms: 1 } as const;

  channel.push(progress);
  channel.push({ ...progress, processed: 6 });
  channel.push(FINISH);

  expect(await readAll(channel)).toEqual([{ ...progress, processed: 6 }, FINISH]);
  expect(onTaken).not.toHaveBeenCalled();
});
