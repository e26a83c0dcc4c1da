// A node that shuts down: it takes nothing new, its runs finish or move, and then it ends.

import { expect, test } from "vitest";
import { MODEL_KEY, settled } from "../../../support/cluster/test-gateway.ts";
import { startNode } from "../../../support/cluster/test-node.ts";

const DRAIN_MS = 5_000;

/** A node with a run that drains. */
async function draining(options: Parameters<typeof startNode>[0] = {}) {
  const started = await startNode(options);
  const g1 = started.gateway("g1", 1);
  await g1.start("r1.0");
  let isDone = false;
  const drained = started.node.drain(DRAIN_MS).then(() => {
    isDone = true;
  });
  await settled();
  const listed = [{ id: "r1.0", next: 0, creditBytes: 100 }];
  /** Time in which the gateway is heard. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 500) {
      await g1.sync(listed);
      started.clock.advance(Math.min(500, ms - passed));
    }
    await settled();
  };
  return { ...started, g1, drained, isDone: () => isDone, pass };
}

test("a draining node says so at once, and takes no more runs", async () => {
  const { g1, announcements, worker } = await draining();
  expect(announcements.at(-1)?.isDraining).toBe(true);
  await g1.start("r2.0");
  expect(g1.received).toEqual([{ type: "moved", ids: ["r2.0"] }]);
  expect(worker.sentOf("start")).toHaveLength(1);
});

test("it ends when its runs have ended", async () => {
  const { worker, g1, drained, isDone } = await draining();
  expect(isDone()).toBe(false);
  worker.finish("r1.0");
  await drained;
  await settled();
  expect(g1.eventsOf("r1.0")).toEqual(["0 finish"]);
});

test("it waits for its questions", async () => {
  const { worker, g1, drained, isDone } = await draining();
  const question = { type: "detokenize", tokens: [] } as const;
  await g1.send({ type: "ask", id: "q1", model: MODEL_KEY, question });
  worker.finish("r1.0");
  await settled();
  expect(isDone()).toBe(false);
  worker.questions.receive({ type: "answered", id: "q1", answer: "", ms: 0 });
  await drained;
});

test("after the drain timeout the runs that are left are aborted, and moved after all their events", async () => {
  const { worker, g1, drained, pass } = await draining();
  await pass(DRAIN_MS - 500);
  expect(worker.sentOf("abort")).toEqual([]);
  worker.isHung = true;
  await pass(500);
  expect(worker.sentOf("abort").map(({ id }) => id)).toEqual(["r1.0"]);
  worker.generate("a", "r1.0");
  worker.emit({ type: "aborted", id: "r1.0", tokensAfterAbort: 0 });
  await drained;
  await settled();
  expect(g1.eventsOf("r1.0")).toEqual(["0 a"]);
  expect(g1.received.at(-1)).toEqual({ type: "moved", ids: ["r1.0"] });
});

test("a run that finishes while it is moved has finished", async () => {
  const { worker, g1, drained, pass } = await draining();
  worker.isHung = true;
  await pass(DRAIN_MS);
  worker.finish("r1.0");
  await drained;
  await settled();
  expect(g1.eventsOf("r1.0")).toEqual(["0 finish"]);
  expect(g1.receivedOf("moved")).toEqual([]);
});

test("a worker that does not answer delays the end by 5 s", async () => {
  const { worker, g1, drained, isDone, pass } = await draining();
  worker.isHung = true;
  await pass(DRAIN_MS + 4_500);
  expect(isDone()).toBe(false);
  await pass(500);
  await drained;
  await settled();
  expect(g1.receivedOf("moved")).toEqual([{ type: "moved", ids: ["r1.0"] }]);
});

test("a node without runs ends at once, and sends nothing after its end", async () => {
  const { node, clock, announcements } = await startNode();
  await node.drain(DRAIN_MS);
  await node.close();
  await settled();
  const { length } = announcements;
  clock.advance(5_000);
  await settled();
  expect(announcements).toHaveLength(length);
});
