// Which models are loaded and unloaded, given the state of all. A demand is the time at which its request arrived.

import { expect, test } from "vitest";
import { type PlanModel, planFleet } from "../../../../src/models/fleet/fleet-plan.ts";

type Demand = number;

const NOW = 100_000;

function gigabytes(ramBytes: number) {
  return { ramBytes, vramBytes: 0 };
}

function model(name: string, changes: Partial<PlanModel<Demand>> = {}): PlanModel<Demand> {
  return {
    key: name,
    state: "unloaded",
    memory: gigabytes(4),
    isBusy: false,
    isClaimed: false,
    demand: null,
    isPinned: false,
    mustUnload: false,
    idleUnloadMs: null,
    lastUsedMs: 0,
    keptUntilMs: 0,
    ...changes,
  };
}

const ready = (name: string, changes: Partial<PlanModel<Demand>> = {}) =>
  model(name, { state: "ready", ...changes });
const inUse = { isBusy: true, isClaimed: true };

function plan(models: readonly PlanModel<Demand>[], budget = 8) {
  const { actions, againAtMs } = planFleet(models, {
    budget: gigabytes(budget),
    nowMs: NOW,
    isAhead: (one, other) => one < other,
  });
  return { actions: actions.map(({ type, key }) => `${type} ${key}`), againAtMs };
}

test("loads a model that a request waits for, if it fits", () => {
  expect(plan([ready("a", inUse), model("b", { demand: 1 })]).actions).toEqual(["load b"]);
});

test("loads nothing that no request waits for", () => {
  expect(plan([model("a"), model("b")]).actions).toEqual([]);
});

test("loads one model at a time, the one whose request is ahead first", () => {
  const waiting = [model("a", { demand: 2 }), model("b", { demand: 1 })];

  expect(plan(waiting).actions).toEqual(["load b"]);
  expect(plan([...waiting, model("c", { state: "loading" })], 20).actions).toEqual([]);
});

test("unloads the idle model that was used longest ago, and as few as necessary", () => {
  const idle = [ready("a", { lastUsedMs: 20 }), ready("b", { lastUsedMs: 10 })];

  expect(plan([...idle, model("c", { demand: 1 })]).actions).toEqual(["drain b"]);
  const large = model("c", { demand: 1, memory: gigabytes(8) });
  expect(plan([...idle, large]).actions).toEqual(["drain a", "drain b"]);
});

test("prefers an idle model to one in use, however long ago that was used", () => {
  const models = [ready("a", { ...inUse, lastUsedMs: 1 }), ready("b", { lastUsedMs: 90_000 })];

  expect(plan([...models, model("c", { demand: 1 })]).actions).toEqual(["drain b"]);
});

test("does not load before the memory is free", () => {
  const waiting = model("c", { demand: 1 });
  const other = ready("b", inUse);

  expect(plan([model("a", { state: "draining", isBusy: true }), other, waiting]).actions).toEqual(
    [],
  );
  expect(plan([model("a", { state: "unloading" }), other, waiting]).actions).toEqual([]);
  expect(plan([other, waiting]).actions).toEqual(["load c"]);
});

test("takes a model in use when its own next request is behind, and not when it is ahead", () => {
  const waiting = model("b", { demand: 5, memory: gigabytes(6) });

  expect(plan([ready("a", { ...inUse, demand: 6 }), waiting]).actions).toEqual(["drain a"]);
  expect(plan([ready("a", { ...inUse, demand: 4 }), waiting]).actions).toEqual([]);
});

test("keeps a model in use for a while after it was loaded, and plans again then", () => {
  const kept = ready("a", { ...inUse, demand: 6, keptUntilMs: NOW + 500 });
  const waiting = model("b", { demand: 5, memory: gigabytes(6) });

  expect(plan([kept, waiting])).toEqual({ actions: [], againAtMs: NOW + 500 });
});

test("unloads an idle model at once, also one that was loaded just now", () => {
  const kept = ready("a", { keptUntilMs: NOW + 500 });
  const waiting = model("b", { demand: 5, memory: gigabytes(6) });

  expect(plan([kept, waiting]).actions).toEqual(["drain a"]);
});

test("never unloads a pinned model for others", () => {
  const pinned = ready("a", { isPinned: true });

  expect(plan([pinned, model("b", { demand: 1, memory: gigabytes(6) })]).actions).toEqual([]);
  expect(plan([ready("a", { isPinned: true, idleUnloadMs: 1 })]).actions).toEqual([]);
});

test("keeps a draining model when nobody needs its memory any more", () => {
  expect(plan([model("a", { state: "draining", ...inUse })]).actions).toEqual(["keep a"]);
});

test("goes on with the model that it has begun to drain", () => {
  const draining = model("a", { state: "draining", ...inUse, lastUsedMs: 9 });
  const other = ready("b", { ...inUse, lastUsedMs: 1 });

  expect(plan([draining, other, model("c", { demand: 1 })]).actions).toEqual([]);
});

test("unloads what must be unloaded, also a pinned model, when its requests have finished", () => {
  const changed = ready("a", { ...inUse, isPinned: true, mustUnload: true });

  expect(plan([changed]).actions).toEqual(["drain a"]);
  expect(plan([{ ...changed, state: "draining" }]).actions).toEqual([]);
});

test("unloads a model that has been idle for its time, and plans again when that ends", () => {
  const idle = (lastUsedMs: number) => ready("a", { idleUnloadMs: 1_000, lastUsedMs });

  expect(plan([idle(NOW - 1_000)]).actions).toEqual(["drain a"]);
  expect(plan([idle(NOW - 400)])).toEqual({ actions: [], againAtMs: NOW + 600 });
  expect(plan([{ ...idle(0), isBusy: true }]).actions).toEqual([]);
});

test("lets a small model load beside one that waits for memory, but never from that memory", () => {
  const busy = ready("a", { ...inUse, memory: gigabytes(5) });
  const large = model("b", { demand: 1, memory: gigabytes(6) });
  const small = (size: number) => model("c", { demand: 2, memory: gigabytes(size) });

  expect(plan([busy, large, small(2)]).actions).toEqual(["drain a", "load c"]);
  expect(plan([busy, large, small(3)]).actions).toEqual(["drain a"]);
});

test("lets no other model in before one that must wait for its turn", () => {
  const ahead = ready("a", { ...inUse, demand: 1 });
  const waiting = model("b", { demand: 2, memory: gigabytes(6) });

  expect(plan([ahead, waiting, model("c", { demand: 3 })]).actions).toEqual([]);
});

test("counts the memory of the GPU too", () => {
  const gpu = (name: string, changes: Partial<PlanModel<Demand>>) =>
    model(name, { ...changes, memory: { ramBytes: 1, vramBytes: 6 } });
  const { actions } = planFleet([gpu("a", { state: "ready" }), gpu("b", { demand: 1 })], {
    budget: { ramBytes: 100, vramBytes: 8 },
    nowMs: NOW,
    isAhead: (one, other) => one < other,
  });

  expect(actions).toEqual([{ type: "drain", key: "a" }]);
});
