// Streams of gateways that are gone: found on the nodes, and continued.

import { afterEach, beforeEach, expect, test } from "vitest";
import type { FoundStream } from "../../../../src/generation/kept-stream.ts";
import type { FakeNode } from "../../../support/cluster/fake-node.ts";
import {
  Collected,
  GatewaySetup,
  generateOptions,
  HeldLease,
  preparedRequest,
  settle,
  until,
} from "../../../support/cluster/gateway-setup.ts";

const KEPT = { streamId: "s", origin: { path: "/v1/chat" } };
const never = () => new AbortController().signal;
let old: GatewaySetup;
let next: GatewaySetup;
beforeEach(() => {
  old = new GatewaySetup("g1");
  old.lease.give(1, "g1");
  next = new GatewaySetup("g2", { bus: old.bus });
});
afterEach(async () => {
  await old.gateway.close();
  await next.gateway.close();
});

/** A stream of the old gateway, which has given out three tokens and is gone. */
async function abandoned(): Promise<{ node: FakeNode; id: string }> {
  const node = await old.node();
  next.gateway.engineFor("k");
  const options = generateOptions({ kept: KEPT, cacheScope: "c" });
  const answer = new Collected(old.gateway.engineFor("k").generate(preparedRequest, options));
  await until(() => node.runs.size === 1);
  const [id = ""] = node.runs.keys();
  node.generate(id, 3);
  await until(() => answer.events.length === 3);
  old.link.disconnect();
  node.announce({}, { orphans: 1 });
  next.lease.give(2, "g2");
  await settle();
  return { node, id };
}

async function found(): Promise<FoundStream> {
  const stream = await next.gateway.streams.find("s", never());
  if (!stream) throw new Error("the stream was not found");
  return stream;
}

function continued(stream: FoundStream, lease = new HeldLease()): Collected {
  const options = { signal: never(), deadline: never(), lease };
  return new Collected(stream.continue(options));
}

test("a stream is found with all that is needed to write it again, and continues with all its events", async () => {
  const { node, id } = await abandoned();
  const stream = await found();
  expect(stream).toMatchObject({ origin: KEPT.origin, request: preparedRequest, model: "m" });

  const lease = new HeldLease();
  const answer = continued(stream, lease);
  await until(() => answer.events.length === 3);
  expect(node.got("attach")).toMatchObject([{ id }]);
  expect(lease.acquisitions).toBe(0); // its slot is not one of the queue's
  node.generate(id, 2);
  node.finish(id);
  await answer.done;

  expect(answer.events.map(({ type }) => type).slice(0, 5)).toEqual(Array(5).fill("text-delta"));
  expect(answer.text).toBe("t0 t1 t2 t3 t4 ");
});

test("a continued stream takes no slot of the queue until it moves to another node", async () => {
  const { node, id } = await abandoned();
  expect(next.gateway.slotsOf("k")).toBe(1); // of two, one has the orphan
  const lease = new HeldLease();
  const answer = continued(await found(), lease);
  await until(() => answer.events.length === 3);
  node.announce({}, { orphans: 0 });
  await settle();
  expect(next.gateway.slotsOf("k")).toBe(1);

  const other = await next.node({ name: "b", incarnation: "b1" });
  await next.pass(4_000, [other]);
  await until(() => other.runs.size === 1);
  const [again = ""] = other.runs.keys();
  expect(again).toBe(id.replace(".0", ".1"));
  expect(lease.acquisitions).toBe(1);
  expect(other.runs.get(again)?.start).toMatchObject({
    generated: [0, 1, 2],
    kept: KEPT,
    cacheScope: "c",
    history: [{ text: "t0 " }, { text: "t1 " }, { text: "t2 " }],
  });
  other.generate(again, 1);
  other.finish(again);
  await answer.done;

  expect(answer.text).toBe("t0 t1 t2 t3 ");
});

test("a stream whose node is lost before all known events have come again fails", async () => {
  const { node, id } = await abandoned();
  const stream = await found();
  node.runs.delete(id);
  const answer = continued(stream);
  await answer.done;

  expect(answer.error).toMatchObject({ code: "engine_unavailable" });
});

test("the run with the latest epoch is chosen, and nodes that do not know the stream say so", async () => {
  const { node, id } = await abandoned();
  const other = await next.node({ name: "b", incarnation: "b1" });
  const run = node.runs.get(id);
  if (!run) throw new Error("the node has no run");
  const later = id.replace(".0", ".1");
  other.runs.set(later, { ...run, start: { ...run.start, id: later }, events: [] });

  const answer = continued(await found());
  await until(() => other.got("attach").length === 1);
  other.finish(later);
  await answer.done;

  expect(node.got("attach")).toEqual([]);
  expect(await next.gateway.streams.find("unknown", never())).toBeNull();
});

test("a gateway that stands by finds nothing", async () => {
  await expect(next.gateway.streams.find("s", never())).rejects.toMatchObject({
    code: "engine_unavailable",
  });
});

test("a gateway that was started a moment ago also asks the nodes that it hears of meanwhile", async () => {
  const { node } = await abandoned();
  const started = new GatewaySetup("g3", { bus: old.bus });
  started.lease.give(3, "g3");
  started.gateway.engineFor("k");
  const search = started.gateway.streams.find("s", never());
  await settle();
  node.announce();

  expect(await search).toMatchObject({ origin: KEPT.origin });
  await started.gateway.close();
});
