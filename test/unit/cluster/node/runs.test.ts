// The runs of a node: numbers of events, credit, resending, what a sync repairs, and the slots.

import { expect, test } from "vitest";
import { MODEL_KEY, settled } from "../../../support/cluster/test-gateway.ts";
import { startNode } from "../../../support/cluster/test-node.ts";

test("each event of a run has the next number, and those of one step and one turn travel in one packet", async () => {
  const { worker, gateway } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0");
  await g1.start("r2.0");
  worker.generate("a", "r1.0", "r2.0");
  worker.generate("b", "r1.0");
  await settled();
  worker.finish("r1.0");
  await settled();
  expect(g1.eventsOf("r1.0")).toEqual(["0 a", "1 b", "2 finish"]);
  expect(g1.eventsOf("r2.0")).toEqual(["0 a"]);
  expect(g1.packets.map(({ messages }) => messages.length)).toEqual([2, 1]);
  expect(g1.receivedOf("step")[0]?.events).toHaveLength(2);
});

test("a step of runs of two gateways reaches each gateway with its own events", async () => {
  const { worker, gateway } = await startNode();
  const [g1, g2] = [gateway("g1", 1), gateway("g2", 1)];
  await g1.start("r1.0");
  await g2.start("r2.0");
  worker.generate("a", "r1.0", "r2.0");
  await settled();
  expect([g1.eventsOf("r1.0"), g1.eventsOf("r2.0")]).toEqual([["0 a"], []]);
  expect([g2.eventsOf("r1.0"), g2.eventsOf("r2.0")]).toEqual([[], ["0 a"]]);
});

test("a second start with the same id starts nothing", async () => {
  const { worker, gateway } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0");
  await g1.start("r1.0");
  expect(worker.sentOf("start")).toHaveLength(1);
});

test("a run for a model that the node does not serve is to continue elsewhere", async () => {
  const { gateway } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0", { model: "another" });
  expect(g1.received).toEqual([{ type: "moved", ids: ["r1.0"] }]);
});

test("missing events are sent again on request, with their numbers", async () => {
  const { bus, worker, gateway } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0");
  for (const text of ["a", "b", "c"]) {
    if (text === "b") bus.dropNext(({ to }) => to === g1.link);
    worker.generate(text, "r1.0");
    await settled();
  }
  expect(g1.eventsOf("r1.0")).toEqual(["0 a", "2 c"]);
  await g1.send({ type: "resend", id: "r1.0", from: 1 });
  expect(g1.eventsOf("r1.0").slice(2)).toEqual(["1 b", "2 c"]);
});

test("a sync repairs a lost last event, but sends nothing again that may be on its way", async () => {
  const { bus, worker, gateway, clock } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0");
  worker.generate("a", "r1.0");
  await settled();
  bus.dropNext(({ to }) => to === g1.link);
  worker.finish("r1.0");
  await settled();
  const position = { id: "r1.0", next: 1, creditBytes: 100 };
  await g1.sync([position]);
  expect(g1.eventsOf("r1.0")).toEqual(["0 a"]);
  clock.advance(100);
  await g1.sync([position]);
  expect(g1.eventsOf("r1.0")).toEqual(["0 a", "1 finish"]);
  clock.advance(100);
  await g1.sync([{ ...position, next: 2 }]);
  expect(g1.eventsOf("r1.0")).toHaveLength(2);
});

test("events that a sync has confirmed are not kept", async () => {
  const { worker, gateway } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0");
  for (const text of ["a", "b", "c"]) worker.generate(text, "r1.0");
  await g1.sync([{ id: "r1.0", next: 2, creditBytes: 100 }]);
  g1.forget();
  await g1.send({ type: "resend", id: "r1.0", from: 0 });
  expect(g1.eventsOf("r1.0")).toEqual(["2 c"]);
});

test("a run that a sync does not list is aborted, and one that the node does not have is unknown", async () => {
  const { worker, node, gateway } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0");
  await g1.start("r2.0");
  await g1.sync([
    { id: "r2.0", next: 0, creditBytes: 100 },
    { id: "r3.0", next: 0, creditBytes: 100 },
  ]);
  expect(worker.sentOf("abort").map(({ id }) => id)).toEqual(["r1.0"]);
  expect(g1.received).toEqual([{ type: "unknown", ids: ["r3.0"] }]);
  expect(node.runs.active).toBe(1);
});

test("a run that has ended stays known until a sync does not list it", async () => {
  const { worker, gateway } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0");
  worker.finish("r1.0");
  const position = { id: "r1.0", next: 1, creditBytes: 100 };
  await g1.sync([position]);
  await g1.sync([position]);
  expect(g1.receivedOf("unknown")).toEqual([]);
  await g1.sync();
  await g1.sync([position]);
  expect(g1.receivedOf("unknown")).toEqual([{ type: "unknown", ids: ["r1.0"] }]);
});

test("the worker gets the credit that is new, also when a message or two were lost", async () => {
  const { bus, worker, gateway } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0", { creditBytes: 100 });
  bus.dropNext(({ from }) => from === g1.link);
  await g1.send({ type: "credit", id: "r1.0", creditBytes: 150 });
  await g1.send({ type: "credit", id: "r1.0", creditBytes: 180 });
  await g1.send({ type: "credit", id: "r1.0", creditBytes: 180 });
  bus.dropNext(({ from }) => from === g1.link);
  await g1.send({ type: "credit", id: "r1.0", creditBytes: 200 });
  await g1.sync([{ id: "r1.0", next: 0, creditBytes: 200 }]);
  expect(worker.sentOf("credit").map(({ bytes }) => bytes)).toEqual([80, 20]);
});

test("a run waits until a slot is free, and has then all the credit that it was given", async () => {
  const { worker, engine, gateway } = await startNode({ model: { slots: 1 } });
  const g1 = gateway("g1", 1);
  await g1.start("r1.0");
  await g1.start("r2.0");
  await g1.send({ type: "credit", id: "r2.0", creditBytes: 130 });
  expect(worker.sentOf("start").map(({ id }) => id)).toEqual(["r1.0"]);
  expect([engine.busy, engine.waiting]).toEqual([1, 1]);
  worker.finish("r1.0");
  await settled();
  const [, second] = worker.sentOf("start");
  expect(second).toMatchObject({ id: "r2.0", creditBytes: 130 });
});

test("an aborted run that waits for a slot ends at once, and one in the worker when its slot is free", async () => {
  const { worker, gateway } = await startNode({ model: { slots: 1 } });
  const g1 = gateway("g1", 1);
  await g1.start("r1.0");
  await g1.start("r2.0");
  worker.isHung = true;
  await g1.send({ type: "abort", id: "r2.0" }, { type: "abort", id: "r1.0" });
  expect(g1.eventsOf("r2.0")).toEqual(["0 aborted"]);
  expect(g1.eventsOf("r1.0")).toEqual([]);
  worker.emit({ type: "aborted", id: "r1.0", tokensAfterAbort: 1 });
  await settled();
  expect(g1.eventsOf("r1.0")).toEqual(["0 aborted"]);
  expect(worker.sentOf("start")).toHaveLength(1);
});

test("a parked run gives up its slot when its gateway says so", async () => {
  const { worker, engine, gateway } = await startNode({ model: { slots: 1 } });
  const g1 = gateway("g1", 1);
  await g1.start("r1.0");
  worker.emit({ type: "parked", id: "r1.0" });
  await settled();
  expect(engine.busy).toBe(1);
  await g1.send({ type: "suspend", id: "r1.0" });
  expect(worker.sentOf("suspend")).toEqual([{ type: "suspend", id: "r1.0" }]);
  worker.emit({ type: "suspended", id: "r1.0" });
  await settled();
  expect(g1.eventsOf("r1.0")).toEqual(["0 parked", "1 suspended"]);
  expect(engine.busy).toBe(0);
});

test("a gateway cannot touch the run of another", async () => {
  const { worker, gateway } = await startNode();
  const [g1, g2] = [gateway("g1", 1), gateway("g2", 1)];
  await g1.start("r1.0");
  worker.generate("a", "r1.0");
  await g2.send(
    { type: "abort", id: "r1.0" },
    { type: "credit", id: "r1.0", creditBytes: 1000 },
    { type: "resend", id: "r1.0", from: 0 },
    { type: "suspend", id: "r1.0" },
  );
  expect(worker.sent.map(({ type }) => type)).toEqual(["start"]);
  expect(g2.received).toEqual([]);
});

test("runs of a crashed worker are lost; a run that waited for a slot begins in the next worker", async () => {
  const { worker, gateway } = await startNode({ model: { slots: 1 } });
  const g1 = gateway("g1", 1);
  await g1.start("r1.0");
  await g1.start("r2.0");
  worker.generate("a", "r1.0");
  worker.crash();
  await settled();
  expect(g1.eventsOf("r1.0")).toEqual(["0 a"]);
  expect(g1.receivedOf("lost")).toMatchObject([
    { ids: ["r1.0"], isFromOutside: false, crashesInARow: 1, error: { code: "worker_crashed" } },
  ]);
  expect(worker.sentOf("start")).toHaveLength(1);
  worker.restart();
  await settled();
  expect(worker.sentOf("start").map(({ id }) => id)).toEqual(["r1.0", "r2.0"]);
});

test("a lost report of a crash is repaired by a sync", async () => {
  const { bus, worker, gateway, clock } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0");
  bus.dropNext(({ to }) => to === g1.link);
  worker.crash();
  await settled();
  clock.advance(100);
  await g1.sync([{ id: "r1.0", next: 0, creditBytes: 100 }]);
  expect(g1.receivedOf("lost")).toMatchObject([{ ids: ["r1.0"] }]);
});

test("runs that wait for a worker that cannot start are to continue elsewhere", async () => {
  const { worker, gateway } = await startNode();
  const g1 = gateway("g1", 1);
  worker.crash();
  await g1.start("r1.0");
  expect(worker.sentOf("start")).toEqual([]);
  worker.fail();
  await settled();
  expect(g1.received).toEqual([{ type: "moved", ids: ["r1.0"] }]);
});

test("a run that is aborted while it waits for the worker never begins", async () => {
  const { worker, gateway } = await startNode();
  const g1 = gateway("g1", 1);
  worker.crash();
  await g1.start("r1.0");
  await g1.send({ type: "abort", id: "r1.0" });
  worker.restart();
  await settled();
  expect(g1.eventsOf("r1.0")).toEqual(["0 aborted"]);
  expect(worker.sentOf("start")).toEqual([]);
});

test("a step says which model it is of, what it cost, and what is in the slots", async () => {
  const { worker, gateway } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0");
  const load = { ms: 10, decodes: 1, promptTokens: 0, threads: 1 };
  worker.step([{ type: "parked", id: "r1.0" }], [load]);
  await settled();
  expect(g1.receivedOf("step")).toMatchObject([
    { model: MODEL_KEY, loads: [load], kvTokens: { running: 1, kept: 0 } },
  ]);
});

test("a run that is aborted in the moment in which the worker becomes ready never begins", async () => {
  const { worker, engine, gateway } = await startNode();
  const g1 = gateway("g1", 1);
  worker.crash();
  await g1.start("r1.0");
  worker.restart();
  engine.abort("r1.0");
  await settled();
  expect(g1.eventsOf("r1.0")).toEqual(["0 aborted"]);
  expect(worker.sentOf("start")).toEqual([]);
});

test("a run that waits for the worker is not lost with the next one that crashes", async () => {
  const { worker, gateway } = await startNode();
  const g1 = gateway("g1", 1);
  worker.crash();
  await g1.start("r1.0");
  worker.crash();
  worker.restart();
  await settled();
  expect(g1.receivedOf("lost")).toEqual([]);
  expect(worker.sentOf("start").map(({ id }) => id)).toEqual(["r1.0"]);
});
