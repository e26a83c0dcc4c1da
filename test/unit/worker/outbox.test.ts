// All that one decode step brought goes out as one message.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { FromWorker, StepEvent } from "../../../src/engine/messages.ts";
import { Outbox } from "../../../src/worker/outbox.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function parked(id: string): StepEvent {
  return { type: "parked", id };
}

function open() {
  const sent: FromWorker[] = [];
  return { sent, outbox: new Outbox((messages) => sent.push(...messages)) };
}

test("sends all events of a step as one message, in their order", () => {
  const { sent, outbox } = open();

  outbox.add(parked("a"));
  outbox.add(parked("b"));
  outbox.flushSoon();
  vi.runAllTimers();

  expect(sent).toEqual([{ type: "step", events: [parked("a"), parked("b")], loads: [] }]);
});

test("sends only after the decode has been handed over, and takes along what came by then", () => {
  const { sent, outbox } = open();

  outbox.add(parked("a"));
  outbox.flushSoon();
  outbox.add(parked("b"));
  expect(sent).toEqual([]);
  vi.runAllTimers();

  expect(sent).toEqual([{ type: "step", events: [parked("a"), parked("b")], loads: [] }]);
});

test("sends one message however often it is asked to", () => {
  const { sent, outbox } = open();

  outbox.add(parked("a"));
  outbox.flushSoon();
  outbox.flushSoon();
  vi.runAllTimers();

  expect(sent).toHaveLength(1);
});

test("sends nothing when there is nothing to tell", () => {
  const { sent, outbox } = open();

  outbox.flushSoon();
  vi.runAllTimers();

  expect(sent).toEqual([]);
});

test("sends nothing before it is told to", () => {
  const { sent, outbox } = open();

  outbox.add(parked("a"));
  vi.runAllTimers();

  expect(sent).toEqual([]);
});

test("tells every event once", () => {
  const { sent, outbox } = open();

  for (const id of ["a", "b"]) {
    outbox.add(parked(id));
    outbox.flushSoon();
    vi.runAllTimers();
  }

  expect(sent).toEqual([
    { type: "step", events: [parked("a")], loads: [] },
    { type: "step", events: [parked("b")], loads: [] },
  ]);
});

test("takes along what the steps since the last message were, and sends none for these alone", () => {
  const { sent, outbox } = open();
  const load = { ms: 5, decodes: 1, promptTokens: 0, threads: 2 };

  outbox.addLoad(load);
  outbox.flushSoon();
  vi.runAllTimers();
  expect(sent).toEqual([]);
  outbox.add(parked("a"));
  outbox.flushSoon();
  vi.runAllTimers();

  expect(sent).toEqual([{ type: "step", events: [parked("a")], loads: [load] }]);
});

test("sends what one turn of the event loop brought in one write", () => {
  const writes: (readonly FromWorker[])[] = [];
  const outbox = new Outbox((messages) => writes.push(messages));
  const pong: FromWorker = { type: "pong", stepAgeMs: 0 };

  outbox.post(pong);
  outbox.add(parked("a"));
  outbox.flushSoon();
  outbox.post(pong);
  vi.runAllTimers();

  expect(writes).toEqual([[pong, pong, { type: "step", events: [parked("a")], loads: [] }]]);
});
