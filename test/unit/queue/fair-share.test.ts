// The order of waiting requests: keys take turns by the tokens computed for them; within a key, returning requests come
// first; flex requests come last.

import { afterEach, expect, test, vi } from "vitest";
import type { LimitedCaller } from "../../../src/generation/caller.ts";
import { NO_LIMITS } from "../../../src/keys/caller.ts";
import { FairShare } from "../../../src/queue/fair-share.ts";
import type { SlotRequest } from "../../../src/queue/share-tier.ts";

const FLEX_WAIT_MS = 60_000;

afterEach(() => {
  vi.useRealTimers();
});

/** @param concurrent null for no limit */
function limited(owner: string, concurrent: number | null): LimitedCaller {
  return { owner, limits: { ...NO_LIMITS, concurrent } };
}

function line(slots = 1) {
  /** Owners by request id. */
  const onSlots = new Map<string, string>();
  const waiting = new FairShare({ slots, flexWaitMs: FLEX_WAIT_MS }, () => [...onSlots.values()]);
  const served: string[] = [];
  const enter = (id: string, options: Partial<SlotRequest> = {}) =>
    waiting.add({
      owner: "",
      lane: "",
      isFlex: false,
      isReturning: false,
      cost: 1,
      ...options,
      id,
    });
  /** Starts the next request. @returns whether there was one */
  const serve = () => {
    const taken = waiting.take("");
    if (!taken) return false;
    onSlots.set(taken.id, taken.owner);
    served.push(taken.id);
    return true;
  };
  const release = (id: string) => {
    onSlots.delete(id);
    waiting.slotFreed();
  };
  const leave = (id: string) => {
    release(id);
    waiting.leave(id);
  };
  /** Serves all requests one after the other, each on a slot that is free again before the next. */
  const serveAll = () => {
    while (serve()) release(served.at(-1) ?? "");
    return served;
  };
  const positions = (...ids: string[]) => ids.map((id) => waiting.positionOf(id)?.position);
  return { waiting, served, enter, serve, serveAll, positions, release, leave };
}

test("serves a single key in order of arrival, whatever its requests cost", () => {
  const { enter, serveAll } = line();
  for (const [id, cost] of Object.entries({ a: 900, b: 1, c: 50 })) enter(id, { cost });

  expect(serveAll()).toEqual(["a", "b", "c"]);
});

test("gives keys turns, so one key's only request precedes another key's many", () => {
  const { enter, serveAll } = line();
  for (const id of ["a1", "a2", "a3"]) enter(id, { owner: "a", cost: 10 });
  enter("b1", { owner: "b", cost: 10 });

  expect(serveAll()).toEqual(["a1", "b1", "a2", "a3"]);
});

test("serves more requests of a key whose requests cost little", () => {
  const { enter, serveAll } = line();
  for (const id of ["a1", "a2"]) enter(id, { owner: "a", cost: 30 });
  for (const id of ["b1", "b2", "b3", "b4"]) enter(id, { owner: "b", cost: 10 });

  expect(serveAll()).toEqual(["a1", "b1", "b2", "b3", "a2", "b4"]);
});

test("uses the real cost of a request once it is known", () => {
  const { waiting, enter, serve, serveAll, leave } = line();
  for (const id of ["a1", "a2", "a3"]) enter(id, { owner: "a", cost: 100 });
  for (const id of ["b1", "b2", "b3"]) enter(id, { owner: "b", cost: 60 });
  serve(); // a1

  waiting.charge("a1", { done: 10, expected: -100 });
  leave("a1");

  expect(serveAll()).toEqual(["a1", "b1", "a2", "b2", "a3", "b3"]); // by expected cost, b2 would precede a2
});

test("gives a key no credit for its absence", () => {
  const { enter, serve, served, waiting, serveAll, leave } = line();
  enter("b0", { owner: "b", cost: 10 });
  for (const id of ["a1", "a2", "a3", "a4", "a5", "a6"]) enter(id, { owner: "a", cost: 10 });
  for (let turn = 0; turn < 5; turn += 1) {
    serve();
    const id = served.at(-1) ?? "";
    waiting.charge(id, { done: 10, expected: -10 });
    leave(id);
  }
  expect(served).toEqual(["b0", "a1", "a2", "a3", "a4"]);

  for (const id of ["b1", "b2"]) enter(id, { owner: "b", cost: 10 });

  expect(serveAll().slice(5)).toEqual(["a5", "b1", "a6", "b2"]);
});

test("starts an arriving key at the computed tokens of the others, not at their expected ones", () => {
  const { waiting, enter, serve, serveAll, leave } = line(4);
  for (const id of ["a1", "a2", "a3", "a4"]) enter(id, { owner: "a", cost: 3_000 });
  for (let turn = 0; turn < 3; turn += 1) serve();
  for (const id of ["b1", "b2"]) enter(id, { owner: "b", cost: 10 });

  for (const id of ["a1", "a2", "a3"]) {
    waiting.charge(id, { done: 5, expected: -3_000 }); // the rest was cached
    leave(id);
  }

  expect(serveAll().slice(3)).toEqual(["b1", "b2", "a4"]); // 0 and 10 before 15
});

test("serves a key's returning requests before its new ones, in the order of their return", () => {
  const { enter, serveAll } = line();
  enter("new1");
  enter("back1", { isReturning: true });
  enter("new2");
  enter("back2", { isReturning: true });
  enter("flex", { isFlex: true });
  enter("flex back", { isFlex: true, isReturning: true });

  expect(serveAll()).toEqual(["back1", "back2", "new1", "new2", "flex back", "flex"]);
});

test("does not favor a key because its streams return", () => {
  const { enter, serve, serveAll, release } = line(12);
  const streams = Array.from({ length: 12 }, (_, index) => `a${index}`);
  for (const id of streams) enter(id, { owner: "a", cost: 100 });
  while (serve());
  for (const id of streams) release(id); // they are parked, and expected to continue
  for (const id of ["b1", "b2"]) enter(id, { owner: "b", cost: 100 });
  enter("c1", { owner: "c", cost: 100 });
  for (const id of streams) enter(id, { owner: "a", cost: 100, isReturning: true });

  expect(serveAll().slice(12, 16)).toEqual(["b1", "c1", "b2", "a0"]);
});

test("charges a returning request only once", () => {
  const { enter, serve, serveAll, release } = line(2);
  enter("a1", { owner: "a", cost: 50 });
  enter("b1", { owner: "b", cost: 60 });
  while (serve());
  release("a1");
  enter("b2", { owner: "b", cost: 60 });
  enter("a1", { owner: "a", cost: 50, isReturning: true });
  enter("a2", { owner: "a", cost: 50 });

  expect(serveAll().slice(2)).toEqual(["a1", "a2", "b2"]);
});

test("serves flex requests of all keys last", () => {
  const { enter, serveAll } = line();
  enter("flex1", { owner: "a", isFlex: true });
  enter("new1", { owner: "b", cost: 1_000 });
  enter("flex2", { owner: "a", isFlex: true });
  enter("new2", { owner: "b" });

  expect(serveAll()).toEqual(["new1", "new2", "flex1", "flex2"]);
});

test("shares slots fairly among flex requests too", () => {
  const { enter, serveAll } = line();
  for (const id of ["a1", "a2"]) enter(id, { owner: "a", isFlex: true });
  enter("b1", { owner: "b", isFlex: true });

  expect(serveAll()).toEqual(["a1", "b1", "a2"]);
});

test("treats a flex request that has waited long enough as a normal one", () => {
  vi.useFakeTimers();
  const { enter, serveAll } = line();
  enter("flex", { isFlex: true });
  enter("early");
  vi.advanceTimersByTime(FLEX_WAIT_MS - 1);
  enter("late");
  enter("late flex", { isFlex: true });
  vi.advanceTimersByTime(1);

  expect(serveAll()).toEqual(["flex", "early", "late", "late flex"]);
});

test("keeps a key within its slots and gives the rest to others", () => {
  const { waiting, enter, serve, served, release } = line(3);
  waiting.setLimits(limited("a", 1));
  for (const id of ["a1", "a2"]) enter(id, { owner: "a" });
  enter("b1", { owner: "b", cost: 1_000 });

  expect(waiting.canStart("")).toBe(true);
  while (serve());
  expect(served).toEqual(["a1", "b1"]);
  expect([waiting.canStart(""), waiting.waiting, waiting.waitingOf("a")]).toEqual([false, 1, 1]);
  release("a1");

  expect(serve()).toBe(true);
  expect(served).toEqual(["a1", "b1", "a2"]);
});

test("reports whether a new limit lets more requests start", () => {
  const { waiting } = line(4);

  expect([3, 2, 4, null, 1, null].map((slots) => waiting.setLimits(limited("a", slots)))).toEqual([
    false,
    false,
    true,
    true,
    false,
    true,
  ]);
});

test("reports positions in the order in which slots will be given out", () => {
  const { enter, positions } = line();
  for (const id of ["a1", "a2", "a3"]) enter(id, { owner: "a", cost: 10 });
  enter("b1", { owner: "b", cost: 10 });
  enter("flex", { owner: "b", isFlex: true });
  enter("back", { owner: "a", isReturning: true });

  expect(positions("b1", "back", "a1", "a2", "a3", "flex", "unknown")).toEqual([
    1,
    2,
    3,
    4,
    5,
    6,
    undefined,
  ]);
});

test("reports positions that turn out right for any mix", () => {
  const { waiting, enter, serve, served, positions, release } = line(3);
  waiting.setLimits(limited("a", 1));
  const ids = Array.from({ length: 30 }, (_, index) => `r${index}`);
  for (const [index, id] of ids.entries()) {
    const owner = index % 5 === 0 ? "c" : index % 2 === 0 ? "a" : "b";
    enter(id, { owner, cost: (index * 37) % 90, isFlex: index % 7 === 0 });
  }
  const reported = positions(...ids);

  const running: string[] = [];
  while (served.length < ids.length) {
    while (running.length < 3 && serve()) running.push(served.at(-1) ?? "");
    release(running.shift() ?? "");
  }

  expect(ids.map((id) => served.indexOf(id) + 1)).toEqual(reported);
});

test("reports the position within the key and the slots of the key", () => {
  const { waiting, enter } = line(3);
  waiting.setLimits(limited("a", 1));
  for (const id of ["a1", "a2"]) enter(id, { owner: "a" });

  expect(waiting.positionOf("a2")).toMatchObject({ position: 2, ownPosition: 2, ownSlots: 1 });
  expect(waiting.positionOf("a1")).toMatchObject({ position: 1, ownPosition: 1 });
});

test("moves other requests up when one leaves", () => {
  const { waiting, enter, positions, serveAll } = line();
  for (const id of ["a", "b", "c"]) enter(id);
  expect(positions("c")).toEqual([3]);

  waiting.remove("a");

  expect(waiting.waiting).toBe(2);
  expect(positions("a", "b", "c")).toEqual([undefined, 1, 2]);
  expect(serveAll()).toEqual(["b", "c"]);
});

test("serves nothing when empty", () => {
  const { waiting } = line();

  expect(waiting.take("")).toBeUndefined();
  expect([waiting.canStart(""), waiting.waiting]).toEqual([false, 0]);
});

test("a group's keys hold as many slots together as the group may, while each has its own share", () => {
  const { enter, serve, served, waiting } = line(4);
  const group = { owner: "group:lab", name: "lab", limits: { ...NO_LIMITS, concurrent: 2 } };
  for (const owner of ["a", "b"]) waiting.setLimits({ owner, limits: NO_LIMITS, group });
  for (const id of ["a1", "a2", "b1", "c1"]) enter(id, { owner: id.slice(0, 1) });

  expect([serve(), serve(), serve(), serve()]).toEqual([true, true, true, false]);
  expect(served).toEqual(["a1", "b1", "c1"]);
  expect(waiting.slotsOf("a", "")).toBe(2);
  expect(waiting.freeSlotsOf("b", "")).toBe(0);
  expect(waiting.freeSlotsOf("c", "")).toBe(1);
});
