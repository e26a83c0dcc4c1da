// All events of one decode step are sent as one message.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { FromWorker, StepEvent } from "../../../src/engine/messages.ts";
import { Outbox } from "../../../src/worker/outbox.ts";

/** What is in the slots. */
const KV = { running: 7, kept: 3 };

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
  return {
    sent,
    outbox: new Outbox(
      (messages) => sent.push(...messages),
      () => KV,
    ),
  };
}

test("sends all events of a step as one message, in their order", () => {
  const { sent, outbox } = open();

  outbox.add(parked("a"));
  outbox.add(parked("b"));
  outbox.flushSoon();
  vi.runAllTimers();

  expect(sent).toEqual([
    { type: "step", events: [parked("a"), parked("b")], loads: [], kvTokens: KV },
  ]);
});

test("sends only after the decode has been handed over, including events that came by then", () => {
  const { sent, outbox } = open();

  outbox.add(parked("a"));
  outbox.flushSoon();
  outbox.add(parked("b"));
  expect(sent).toEqual([]);
  vi.runAllTimers();

  expect(sent).toEqual([
    { type: "step", events: [parked("a"), parked("b")], loads: [], kvTokens: KV },
  ]);
});

test("sends one message however often it is asked to send", () => {
  const { sent, outbox } = open();

  outbox.add(parked("a"));
  outbox.flushSoon();
  outbox.flushSoon();
  vi.runAllTimers();

  expect(sent).toHaveLength(1);
});

test("sends nothing when there are no events", () => {
  const { sent, outbox } = open();

  outbox.flushSoon();
  vi.runAllTimers();

  expect(sent).toEqual([]);
});

test("sends nothing before it is asked to", () => {
  const { sent, outbox } = open();

  outbox.add(parked("a"));
  vi.runAllTimers();

  expect(sent).toEqual([]);
});

test("sends every event once", () => {
  const { sent, outbox } = open();

  for (const id of ["a", "b"]) {
    outbox.add(parked(id));
    outbox.flushSoon();
    vi.runAllTimers();
  }

  expect(sent).toEqual([
    { type: "step", events: [parked("a")], loads: [], kvTokens: KV },
    { type: "step", events: [parked("b")], loads: [], kvTokens: KV },
  ]);
});

test("adds the loads of the steps since the last message, and sends no message for loads alone", () => {
  const { sent, outbox } = open();
  const load = { ms: 5, decodes: 1, promptTokens: 0, threads: 2 };

  outbox.addLoad(load);
  outbox.flushSoon();
  vi.runAllTimers();
  expect(sent).toEqual([]);
  outbox.add(parked("a"));
  outbox.flushSoon();
  vi.runAllTimers();

  expect(sent).toEqual([{ type: "step", events: [parked("a")], loads: [load], kvTokens: KV }]);
});

test("sends the messages of one turn of the event loop in one write", () => {
  const writes: (readonly FromWorker[])[] = [];
  const outbox = new Outbox(
    (messages) => writes.push(messages),
    () => KV,
  );
  const pong: FromWorker = { type: "pong", stepAgeMs: 0 };

  outbox.post(pong);
  outbox.add(parked("a"));
  outbox.flushSoon();
  outbox.post(pong);
  vi.runAllTimers();

  expect(writes).toEqual([
    [pong, pong, { type: "step", events: [parked("a")], loads: [], kvTokens: KV }],
  ]);
});
