// The wait of one choice: its position, its waiting time, and how its wait ends.

import { getEventListeners } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import { ANONYMOUS } from "../../../src/keys/caller.ts";
import { Admissions } from "../../../src/queue/admissions.ts";

const REASON = new ServiceError("aborted", "the client has left");

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A queue with one slot, and a function that enters it. */
function open() {
  const queue = new Admissions({
    slots: 1,
    maxWaiting: 10,
    queueTimeoutMs: 60_000,
    flexWaitMs: 60_000,
  });
  const enter = (signal = new AbortController().signal) =>
    queue.enter({ signal, abort: () => {}, caller: ANONYMOUS, choices: 1 }).ticketOf(0);
  return { queue, enter };
}

test("has no position before it waits or after it got its slot", async () => {
  const ticket = open().enter();
  expect(ticket.place).toBeNull();

  await ticket.acquire();

  expect(ticket.place).toBeNull();
});

test("knows its position, but has no estimate before any measurement", async () => {
  const { enter } = open();
  const [holder, second, third] = [enter(), enter(), enter()];

  await holder.acquire();
  void second.acquire();
  void third.acquire();

  expect(second.place).toEqual({ type: "queued", position: 1, etaMs: null });
  expect(third.place).toEqual({ type: "queued", position: 2, etaMs: null });
});

test("estimates its wait from how long slots were held", async () => {
  const { enter } = open();
  const [first, second, third, fourth] = [enter(), enter(), enter(), enter()];
  await first.acquire();
  const secondServed = second.acquire();
  void third.acquire();
  void fourth.acquire();

  vi.advanceTimersByTime(4_000);
  first.release();
  await secondServed;

  expect(third.place).toEqual({ type: "queued", position: 1, etaMs: 4_000 });
  expect(fourth.place).toEqual({ type: "queued", position: 2, etaMs: 8_000 });
});

test("adds up all its waiting time and none of its time on a slot", async () => {
  const { enter } = open();
  const [holder, ticket] = [enter(), enter()];
  await holder.acquire();

  const first = ticket.acquire();
  vi.advanceTimersByTime(300);
  holder.release();
  await first;
  vi.advanceTimersByTime(5_000);
  const holderAgain = holder.acquire();
  ticket.release();
  await holderAgain;
  const second = ticket.acquire();
  vi.advanceTimersByTime(50);
  holder.release();
  await second;

  expect(ticket.waitedMs).toBe(350);
});

test("is contended while another request waits", async () => {
  const { enter } = open();
  const [holder, other] = [enter(), enter()];
  await holder.acquire();
  expect(holder.isContended).toBe(false);

  const waiting = other.acquire();
  expect(holder.isContended).toBe(true);
  holder.release();
  await waiting;

  expect(other.isContended).toBe(false);
});

test("stops waiting when it is released", async () => {
  const { queue, enter } = open();
  const [holder, ticket] = [enter(), enter()];
  await holder.acquire();

  const waiting = ticket.acquire();
  ticket.release();

  await expect(waiting).rejects.toMatchObject({ code: "aborted" });
  expect(queue.waiting).toBe(0);
  expect(ticket.place).toBeNull();
});

test("does not queue for a client that has already disconnected", async () => {
  const { queue, enter } = open();
  const ticket = enter(AbortSignal.abort(REASON));

  await expect(ticket.acquire()).rejects.toBe(REASON);

  expect([queue.busy, queue.waiting]).toEqual([0, 0]);
});

test("returns its slot only once, however often it is released", async () => {
  const { queue, enter } = open();
  const [holder, second, third] = [enter(), enter(), enter()];
  await holder.acquire();
  const secondServed = second.acquire();
  void third.acquire();

  holder.release();
  holder.release();
  await secondServed;
  holder.release();
  await vi.advanceTimersByTimeAsync(0);

  expect([queue.busy, queue.waiting]).toEqual([1, 1]);
});

test("measures the time on a slot only once, however often it is released", async () => {
  const { enter } = open();
  const [first, second, third] = [enter(), enter(), enter()];
  await first.acquire();
  const secondServed = second.acquire();
  void third.acquire();

  vi.advanceTimersByTime(4_000);
  first.release();
  await secondServed;
  vi.advanceTimersByTime(4_000);
  first.release();

  expect(third.place?.etaMs).toBe(4_000);
});

test("leaves no timer and no listener behind after the wait", async () => {
  const { enter } = open();
  const { signal } = new AbortController();
  const [holder, ticket] = [enter(), enter(signal)];
  await holder.acquire();

  const waiting = ticket.acquire();
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(1);
  holder.release();
  await waiting;

  expect(getEventListeners(signal, "abort")).toHaveLength(0);
  expect(vi.getTimerCount()).toBe(0);
});
