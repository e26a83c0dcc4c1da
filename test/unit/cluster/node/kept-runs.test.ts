// Streams that another gateway can take over: found, attached, sent again from the first event on, and forgotten.

import { expect, test } from "vitest";
import { PLAIN_PREPARED } from "../../../support/clients/requests.ts";
import { keptStream, MODEL_KEY, settled } from "../../../support/cluster/test-gateway.ts";
import { GRACE_MS, startNode } from "../../../support/cluster/test-node.ts";

const FIND = { type: "find", id: "f1", streamId: "s1" } as const;
const NOT_FOUND = { type: "found", id: "f1", stream: null };
const ATTACH = { type: "attach", id: "r1.0", model: MODEL_KEY, creditBytes: 100 } as const;
const HISTORY = [
  { type: "text-delta", text: "old", tokens: 1, ids: [1] },
  { type: "text-delta", text: "er ", tokens: 1, ids: [2] },
] as const;

/** A node with a kept run of a gateway that another gateway has superseded. */
async function orphanedRun(options: Parameters<typeof startNode>[0] = {}) {
  const started = await startNode(options);
  const [older, newer] = [started.gateway("g1", 1), started.gateway("g2", 2)];
  await older.start("r1.0", { ...keptStream("s1"), cacheScope: "scope" });
  started.worker.generate("a", "r1.0");
  await older.sync([{ id: "r1.0", next: 1, creditBytes: 100 }]);
  await newer.sync();
  return { ...started, older, newer };
}

test("another gateway finds a kept stream, and gets all its events and the new ones", async () => {
  const { newer, worker } = await orphanedRun();
  worker.generate("b", "r1.0");
  await newer.send(FIND);
  expect(newer.received).toEqual([
    {
      ...{ type: "found", id: "f1" },
      stream: {
        ...{ runId: "r1.0", model: MODEL_KEY, origin: { form: "of the answer" } },
        ...{ request: PLAIN_PREPARED, cacheScope: "scope", events: 2 },
      },
    },
  ]);
  await newer.send(ATTACH);
  worker.generate("c", "r1.0");
  worker.finish("r1.0");
  await settled();
  expect(newer.eventsOf("r1.0")).toEqual(["0 a", "1 b", "2 c", "3 finish"]);
});

test("a stream that the node does not have is not found, nor one that is not kept", async () => {
  const { gateway, newer } = await orphanedRun();
  await newer.send({ ...FIND, streamId: "s2" });
  expect(newer.received).toEqual([NOT_FOUND]);
  await gateway("g3", 2).start("r2.0");
  newer.forget();
  await newer.send({ ...ATTACH, id: "r2.0" });
  expect(newer.received).toEqual([{ type: "unknown", ids: ["r2.0"] }]);
});

test("the events of earlier runs have the first numbers, and only a gateway that attaches gets them", async () => {
  const { worker, gateway } = await startNode();
  const [older, newer] = [gateway("g1", 1), gateway("g2", 2)];
  await older.start("r1.1", { ...keptStream("s1"), history: HISTORY });
  worker.generate("new", "r1.1");
  await settled();
  expect(older.eventsOf("r1.1")).toEqual(["2 new"]);
  await newer.send({ ...ATTACH, id: "r1.1" });
  expect(newer.eventsOf("r1.1")).toEqual(["0 old", "1 er ", "2 new"]);
});

test("a gateway that attaches gives the credit for events of earlier runs, too, which the worker does not get", async () => {
  const { worker, gateway } = await startNode();
  const [older, newer] = [gateway("g1", 1), gateway("g2", 2)];
  await older.start("r1.1", { ...keptStream("s1"), history: HISTORY, creditBytes: 100 });
  await newer.send({ ...ATTACH, id: "r1.1", creditBytes: 100 });
  await newer.send({ type: "credit", id: "r1.1", creditBytes: 106 });
  expect(worker.sentOf("credit")).toEqual([]);
  await newer.send({ type: "credit", id: "r1.1", creditBytes: 126 });
  expect(worker.sentOf("credit").map(({ bytes }) => bytes)).toEqual([20]);
});

test("an orphan counts as one in the announcement, until it is attached", async () => {
  const { newer, clock, announcements } = await orphanedRun();
  clock.advance(200);
  await settled();
  expect(announcements.at(-1)?.models[0]?.orphans).toBe(1);
  await newer.send(ATTACH);
  clock.advance(200);
  await settled();
  expect(announcements.at(-1)?.models[0]?.orphans).toBe(0);
});

test("a kept run that ended without a gateway can be attached for the grace time", async () => {
  const { newer, worker, clock } = await orphanedRun();
  worker.finish("r1.0");
  clock.advance(1_000);
  await newer.send(ATTACH);
  expect(newer.eventsOf("r1.0")).toEqual(["0 a", "1 finish"]);
});

test("an ended kept run is forgotten after the grace time", async () => {
  const { newer, worker, clock } = await orphanedRun();
  worker.finish("r1.0");
  clock.advance(GRACE_MS - 200);
  await newer.send(FIND);
  expect(newer.received).not.toEqual([NOT_FOUND]);
  newer.forget();
  clock.advance(200);
  await newer.send(FIND);
  expect(newer.received).toEqual([NOT_FOUND]);
});

test("a gateway that is done with an ended kept run leaves it for another one", async () => {
  const { worker, gateway } = await startNode();
  const [older, newer] = [gateway("g1", 1), gateway("g2", 2)];
  await older.start("r1.0", keptStream("s1"));
  worker.finish("r1.0");
  await older.sync();
  await newer.send(ATTACH);
  expect(newer.eventsOf("r1.0")).toEqual(["0 finish"]);
});

test("a kept run that its gateway has aborted is not found", async () => {
  const { gateway } = await startNode();
  const [older, newer] = [gateway("g1", 1), gateway("g2", 2)];
  await older.start("r1.0", keptStream("s1"));
  await older.send({ type: "abort", id: "r1.0" });
  await newer.send(FIND);
  expect(newer.received).toEqual([NOT_FOUND]);
});

test("an orphan that was lost with its worker is attached with its events, and then reported as lost", async () => {
  const { newer, worker } = await orphanedRun();
  worker.crash();
  await newer.send(ATTACH);
  expect(newer.eventsOf("r1.0")).toEqual(["0 a"]);
  expect(newer.received.map(({ type }) => type)).toEqual(["step", "lost"]);
});

test("the newest run of a stream is found, and has replaced the one that ended before it", async () => {
  const { worker, gateway } = await startNode();
  const [older, newer] = [gateway("g1", 1), gateway("g2", 2)];
  await older.start("r1.0", keptStream("s1"));
  worker.emit({ type: "suspended", id: "r1.0" });
  await older.start("r1.1", { ...keptStream("s1"), history: HISTORY });
  await newer.send(FIND);
  expect(newer.receivedOf("found")[0]?.stream).toMatchObject({ runId: "r1.1", events: 2 });
  newer.forget();
  await newer.send(ATTACH);
  expect(newer.received).toEqual([{ type: "unknown", ids: ["r1.0"] }]);
});

test("a stream of more than 1 MiB is not kept any more, and its run is aborted without its gateway", async () => {
  const { worker, gateway, clock } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.start("r1.0", keptStream("s1"));
  worker.generate("x".repeat(2 ** 20), "r1.0");
  await g1.send(FIND);
  expect(g1.receivedOf("found")).toEqual([NOT_FOUND]);
  clock.advance(2_200);
  expect(worker.sentOf("abort").map(({ id }) => id)).toEqual(["r1.0"]);
});

test("an orphan that becomes too long for another gateway is aborted", async () => {
  const { worker, clock } = await orphanedRun();
  worker.generate("x".repeat(2 ** 20), "r1.0");
  clock.advance(200);
  expect(worker.sentOf("abort").map(({ id }) => id)).toEqual(["r1.0"]);
});

test("an orphan belongs to no gateway before it is attached", async () => {
  const { newer, worker } = await orphanedRun();
  await newer.sync([{ id: "r1.0", next: 0, creditBytes: 500 }]);
  expect(newer.received).toEqual([{ type: "unknown", ids: ["r1.0"] }]);
  expect(worker.sentOf("credit")).toEqual([]);
});

test("ended streams that wait for a gateway take at most 64 MiB: the oldest are forgotten first", async () => {
  const { worker, gateway, clock } = await startNode({ model: { slots: 1 } });
  const g1 = gateway("g1", 1);
  const text = "x".repeat(2 ** 20 - 1_000);
  for (let stream = 0; stream < 66; stream++) {
    await g1.start(`r${stream}.0`, keptStream(`s${stream}`));
    worker.generate(text, `r${stream}.0`);
    worker.finish(`r${stream}.0`);
    await g1.sync();
  }
  clock.advance(200);
  g1.forget();
  for (let stream = 0; stream < 66; stream++)
    await g1.send({ type: "find", id: `f${stream}`, streamId: `s${stream}` });
  const lost = g1.receivedOf("found").flatMap(({ id, stream }) => (stream ? [] : [id]));
  expect(lost).toEqual(["f0", "f1"]);
});

test("ended streams take at most 64 MiB, with what they need of their requests, and the newest stay", async () => {
  const { node, clock, worker, gateway } = await startNode();
  const older = gateway("g1", 1);
  const origin = { body: "x".repeat(4 * 2 ** 20) };
  const ids = Array.from({ length: 20 }, (_, index) => `r${index}.0`);
  for (const id of ids) {
    await older.start(id, { kept: { streamId: `s-${id}`, origin } });
    worker.finish(id);
  }
  await older.sync();
  clock.advance(200);
  await older.sync();
  const newer = gateway("g2", 2);
  for (const id of ids) await newer.send({ ...FIND, streamId: `s-${id}` });

  const found = newer.receivedOf("found").flatMap(({ stream }) => stream?.runId ?? []);
  expect(node.runs.active).toBe(0);
  expect(found).toEqual(ids.slice(-found.length));
  expect(found.length).toBe(15);
});
