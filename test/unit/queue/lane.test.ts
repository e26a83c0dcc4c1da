// The slots of one model among several: who waits for them, at the gate and in turn, and when the fleet must plan again.

import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import type { KeyLimits } from "../../../src/generation/caller.ts";
import { ANONYMOUS } from "../../../src/keys/caller.ts";
import { Admissions } from "../../../src/queue/admissions.ts";

const options = { slots: 1, maxWaiting: 8, queueTimeoutMs: 1_000, flexWaitMs: 1 };
let queue: Admissions;
let changes = 0;
beforeEach(() => {
  queue = new Admissions(options);
  changes = 0;
  queue.onChange = () => {
    changes += 1;
  };
});
afterEach(() => {
  vi.useRealTimers();
});

function enter(lane: string, limits: Partial<KeyLimits> = {}) {
  const controller = new AbortController();
  const abort = (error: ServiceError) => controller.abort(error);
  const { signal } = controller;
  const caller = { ...ANONYMOUS, limits: { ...ANONYMOUS.limits, ...limits } };
  return queue.enter({ signal, abort, caller, choices: 1, lane });
}

const demand = { owner: ANONYMOUS.owner, isFlex: false, arrivedAtMs: 0, places: 1 };

test("a model whose settings changed has slots of its own, beside those of the old one", async () => {
  const [old, changed] = [queue.addLane("a", 1), queue.addLane("a", 2)];
  old.open();
  changed.open();
  const running = enter(old.name);
  await running.ticketOf(0).acquire();

  expect([old.busy, changed.busy, changed.slots]).toEqual([1, 0, 2]);
  running.leave();
  queue.removeLane(old.name);
  expect(queue.slots).toBe(2);
});

// The bug: a stream that had given up its slot waited until something else happened, although its model had to be loaded.
test("a request that begins to wait for a slot of a closed lane is a reason to plan", async () => {
  const lane = queue.addLane("a", 1);
  const request = enter("a");
  const before = changes;
  request
    .ticketOf(0)
    .acquire()
    .catch(() => {});

  expect(changes).toBeGreaterThan(before);
  expect(lane.demand).toMatchObject({ owner: ANONYMOUS.owner });
  request.leave();
  await turn();
  expect(lane.demand).toBeNull();
});

// The bug: its model counted as in use until something else happened, and other models waited for its memory.
test("a request that leaves is a reason to plan", async () => {
  queue.addLane("a", 1).open();
  const request = enter("a");
  await request.ticketOf(0).acquire();
  request.ticketOf(0).release();
  const before = changes;
  request.leave();

  expect([changes > before, queue.insideLane("a")]).toEqual([true, 0]);
});

test("a wait at the gate ends with its limit, except while the lane is about to open", async () => {
  vi.useFakeTimers();
  const lane = queue.addLane("a", 1);
  const { signal } = new AbortController();
  let isLoading = true;
  const passed = lane.pass({ ...demand, signal }, { mayExpire: () => !isLoading });
  const outcome = passed.catch(({ code, message }: ServiceError) => `${code}: ${message}`);
  await vi.advanceTimersByTimeAsync(1_500);
  expect([lane.atGate, queue.loadOf(ANONYMOUS.owner).waiting]).toEqual([1, 1]);
  isLoading = false;
  await vi.advanceTimersByTimeAsync(1_000);

  expect(await outcome).toMatch(/^queue_timeout: .* within 1 s \(--queue-timeout\)/);
  expect([lane.atGate, lane.demand, queue.loadOf(ANONYMOUS.owner).waiting]).toEqual([0, null, 0]);
  expect(vi.getTimerCount()).toBe(0);
});

test("those that wait fail with the reason, at the gate and for a slot, and only those of their lane", async () => {
  const lane = queue.addLane("a", 1);
  queue.addLane("b", 1);
  const { signal } = new AbortController();
  const gate = lane.pass({ ...demand, signal }, { mayExpire: () => true });
  const [own, other] = [enter("a"), enter("b")];
  const [turns, otherTurn] = [own, other].map((each) => each.ticketOf(0).acquire());
  queue.refuseWaiting("a", new ServiceError("engine_unavailable", "it is broken"));

  await expect(gate).rejects.toThrow("it is broken");
  await expect(turns).rejects.toThrow("it is broken");
  expect(other.place).not.toBeNull();
  for (const each of [own, other]) each.leave();
  await expect(otherTurn).rejects.toThrow();
});

// The bug: a stream whose client did not read gave up its slot for requests of another model, which could not use it.
test.each([
  { limits: { concurrent: null }, isContended: false },
  { limits: { concurrent: 2 }, isContended: true },
])(
  "a slot is wanted by a request of the same key in another lane only if the key has too few: $limits",
  async ({ limits, isContended }) => {
    for (const name of ["a", "b"]) queue.addLane(name, 1).open();
    const [parked, holder, waiting] = [enter("a", limits), enter("b", limits), enter("b", limits)];
    for (const each of [parked, holder]) await each.ticketOf(0).acquire();
    const turns = waiting.ticketOf(0).acquire();

    expect(parked.ticketOf(0).isContended).toBe(isContended);
    for (const each of [waiting, parked, holder]) each.leave();
    await expect(turns).rejects.toThrow();
  },
);

test("a lane whose slots change counts, forecasts and gives out the new ones", async () => {
  const lane = queue.addLane("a", 0);
  lane.open();
  const [first, second] = [enter("a"), enter("a")];
  const acquired = [first, second].map((request) => request.ticketOf(0).acquire());
  await turn();
  expect([queue.slots, queue.busy, queue.waiting]).toEqual([0, 0, 2]);
  expect(second.place).toEqual({ type: "queued", position: 2, etaMs: null });

  lane.setSlots(1);
  await acquired[0];
  expect([queue.slots, queue.busy, queue.waiting]).toEqual([1, 1, 1]);
  expect(second.place?.position).toBe(1);

  lane.setSlots(2);
  await acquired[1];
  expect([queue.slots, queue.busy, queue.waiting]).toEqual([2, 2, 0]);
  first.leave();
  second.leave();
});

test("a request waits for a lane without slots until the queue timeout", async () => {
  vi.useFakeTimers();
  queue.addLane("a", 0).open();
  const request = enter("a");
  const acquired = expect(request.ticketOf(0).acquire()).rejects.toMatchObject({
    code: "queue_timeout",
  });

  await vi.advanceTimersByTimeAsync(options.queueTimeoutMs);

  await acquired;
  request.leave();
});
