// What a node does for gateways that come, are silent, are superseded, or cannot be reached.

import { expect, test } from "vitest";
import { KnownGateways } from "../../../../src/cluster/node/known-gateways.ts";
import { keptStream, settled } from "../../../support/cluster/test-gateway.ts";
import { GRACE_MS, startNode } from "../../../support/cluster/test-node.ts";

const POSITION = { id: "r1.0", next: 0, creditBytes: 100 };

test("a gateway of a lower term than the highest seen is ignored, and told so", async () => {
  const { worker, gateway } = await startNode();
  const [older, newer] = [gateway("g1", 1), gateway("g2", 2)];
  await newer.sync();
  await older.start("r1.0");
  expect(older.received).toEqual([{ type: "stale", term: 2 }]);
  expect(worker.sentOf("start")).toEqual([]);
});

test("at the first packet of a gateway with a higher term, the node announces itself; kept runs become orphans, others are aborted", async () => {
  const { worker, node, gateway, announcements } = await startNode();
  const [older, newer] = [gateway("g1", 1), gateway("g2", 2)];
  await older.start("r1.0", keptStream("s1"));
  await older.start("r2.0");
  announcements.length = 0;
  await newer.sync();
  expect(announcements).toHaveLength(1);
  expect(worker.sentOf("abort").map(({ id }) => id)).toEqual(["r2.0"]);
  older.forget();
  worker.generate("a", "r1.0");
  await settled();
  expect(older.received).toEqual([]);
  expect(newer.received).toEqual([]);
  expect(node.runs.active).toBe(1);
});

test("a gateway that is silent for 2 s is lost: its runs are aborted, but not those that are kept", async () => {
  const { worker, node, gateway, clock } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0", keptStream("s1"));
  await g1.start("r2.0");
  clock.advance(1_900);
  expect(worker.sentOf("abort")).toEqual([]);
  clock.advance(200);
  expect(worker.sentOf("abort").map(({ id }) => id)).toEqual(["r2.0"]);
  clock.advance(GRACE_MS);
  expect(worker.sentOf("abort").map(({ id }) => id)).toEqual(["r2.0", "r1.0"]);
  expect(node.runs.active).toBe(0);
});

test("a gateway that sends a sync twice a second is not lost", async () => {
  const { worker, gateway, clock } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0");
  for (let seconds = 0; seconds < 10; seconds += 0.5) {
    await g1.sync([POSITION]);
    clock.advance(500);
  }
  expect(worker.sentOf("abort")).toEqual([]);
});

test("a gateway that comes back gets its kept runs again, with the events that it missed", async () => {
  const { worker, gateway, clock } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0", keptStream("s1"));
  await g1.start("r2.0");
  clock.advance(2_500);
  worker.generate("a", "r1.0");
  clock.advance(200);
  expect(g1.eventsOf("r1.0")).toEqual([]);
  await g1.sync([POSITION, { ...POSITION, id: "r2.0" }]);
  expect(g1.eventsOf("r1.0")).toEqual(["0 a"]);
  expect(g1.receivedOf("unknown")).toEqual([{ type: "unknown", ids: ["r2.0"] }]);
  worker.generate("b", "r1.0");
  await settled();
  expect(g1.eventsOf("r1.0")).toEqual(["0 a", "1 b"]);
});

test("the grace time begins again when a gateway that came back is lost again", async () => {
  const { worker, gateway, clock } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0", keptStream("s1"));
  clock.advance(GRACE_MS);
  await g1.sync([POSITION]);
  clock.advance(GRACE_MS);
  expect(worker.sentOf("abort")).toEqual([]);
  clock.advance(2_200);
  expect(worker.sentOf("abort").map(({ id }) => id)).toEqual(["r1.0"]);
});

test("a gateway is superseded once", () => {
  const gateways = new KnownGateways(10);
  gateways.hear({ id: "g1", term: 1 });
  const newer = { id: "g2", term: 2 };
  expect(gateways.hear(newer)).toEqual({ type: "new", superseded: ["g1"] });
  expect(gateways.hear(newer)).toEqual({ type: "known", superseded: [] });
});

test("while NATS is away, nothing is aborted before the grace time; the 2 s count from the reconnect", async () => {
  const { link, worker, gateway, clock } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0");
  clock.advance(1_000);
  link.disconnect();
  clock.advance(GRACE_MS - 400);
  expect(worker.sentOf("abort")).toEqual([]);
  link.reconnect();
  clock.advance(1_900);
  expect(worker.sentOf("abort")).toEqual([]);
  worker.generate("a", "r1.0");
  clock.advance(100);
  await g1.sync([POSITION]);
  expect(g1.eventsOf("r1.0")[0]).toBe("0 a");
  clock.advance(2_200);
  expect(worker.sentOf("abort").map(({ id }) => id)).toEqual(["r1.0"]);
});

test("events that were generated while NATS was away are sent when the gateway asks for them", async () => {
  const { link, worker, gateway, clock } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0");
  link.disconnect();
  worker.generate("a", "r1.0");
  await settled();
  clock.advance(1_000);
  link.reconnect();
  worker.generate("b", "r1.0");
  await settled();
  expect(g1.eventsOf("r1.0")).toEqual(["1 b"]);
  await g1.send({ type: "resend", id: "r1.0", from: 0 });
  expect(g1.eventsOf("r1.0").slice(1)).toEqual(["0 a", "1 b"]);
});

test("after the grace time without NATS, all runs are aborted", async () => {
  const { link, worker, node, gateway, clock } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0", keptStream("s1"));
  await g1.start("r2.0");
  link.disconnect();
  clock.advance(GRACE_MS + 200);
  expect(worker.sentOf("abort").map(({ id }) => id)).toEqual(["r1.0", "r2.0"]);
  expect(node.runs.active).toBe(0);
});

test("a gateway of a neighbouring version works; another is refused, with one line in the log", async () => {
  const { worker, gateway, logged } = await startNode();
  const [near, far] = [gateway("g1", 1), gateway("g2", 1)];
  near.version += 1;
  far.version += 2;
  await near.start("r1.0");
  await far.start("r2.0");
  await far.start("r3.0");
  expect(worker.sentOf("start").map(({ id }) => id)).toEqual(["r1.0"]);
  expect(logged).toHaveLength(1);
  expect(logged[0]).toContain("version 3");
});

test("a fence for this life of the node is reported, another is not", async () => {
  const { gateway, fencedBy } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.send({ type: "fence", by: { name: "n1", incarnation: "i1" } });
  await g1.send({ type: "fence", by: { name: "n2", incarnation: "i2" } });
  expect(fencedBy).toEqual([]);
  await g1.send({ type: "fence", by: { name: "n1", incarnation: "i2" } });
  expect(fencedBy).toEqual([{ name: "n1", incarnation: "i2" }]);
});

test("a gateway that shuts down is served beside the next one; its runs are no slots of that one", async () => {
  const { worker, node, gateway, announcements } = await startNode();
  const [older, newer] = [gateway("g1", 1), gateway("g2", 2)];
  await older.start("r1.0");
  older.isRetiring = true;
  await older.sync([POSITION]);
  await newer.sync();
  expect(worker.sentOf("abort")).toEqual([]);
  expect(announcements.at(-1)?.models[0]?.orphans).toBe(1);

  older.forget();
  worker.generate("a", "r1.0");
  await older.start("r2.0");
  worker.generate("b", "r2.0");
  await settled();
  expect(older.eventsOf("r1.0")).toEqual(["0 a"]);
  expect(older.eventsOf("r2.0")).toEqual(["0 b"]);
  expect(newer.receivedOf("step")).toEqual([]);
  await newer.sync();
  expect(node.runs.active).toBe(2);
});

test("a gateway is told that another one has attached its run", async () => {
  const { gateway } = await startNode();
  const [older, newer] = [gateway("g1", 1), gateway("g2", 2)];
  await older.start("r1.0", keptStream("s1"));
  older.isRetiring = true;
  await older.sync([POSITION]);
  await newer.send({ type: "attach", id: "r1.0", model: "k", creditBytes: 100 });

  expect(older.receivedOf("taken")).toEqual([{ type: "taken", ids: ["r1.0"] }]);
});
