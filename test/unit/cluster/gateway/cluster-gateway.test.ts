// The gateway as a whole: its slots, its nodes, fences, and what it says while it is not active.

import { afterEach, beforeEach, expect, test } from "vitest";
import {
  Collected,
  GatewaySetup,
  generateOptions,
  preparedRequest,
  settle,
  until,
} from "../../../support/cluster/gateway-setup.ts";
import { FAKE_MODEL } from "../../../support/engines/fake-engine.ts";

let setup: GatewaySetup;
beforeEach(() => {
  setup = new GatewaySetup();
  setup.lease.give(1, "g1");
});
afterEach(() => setup.gateway.close());

test("the slots of a model are those of its ready nodes that do not drain, without orphans", async () => {
  let changes = 0;
  setup.gateway.onSlots = () => {
    changes += 1;
  };
  const a = await setup.node({ name: "a", incarnation: "a1" });
  const b = await setup.node({ name: "b", incarnation: "b1", model: { slots: 3, orphans: 1 } });
  expect(setup.gateway.slotsOf("k")).toBe(4);
  expect(setup.gateway.embeddingNodesOf("k")).toBe(2);

  a.announce({ isDraining: true });
  await settle();
  expect(setup.gateway.slotsOf("k")).toBe(2);
  b.announce({}, { state: "restarting" });
  await settle();
  expect(setup.gateway.slotsOf("k")).toBe(0);
  expect(setup.gateway.nodeCounts).toEqual({ ready: 0, loading: 1, draining: 1 });
  expect(changes).toBeGreaterThanOrEqual(4);
});

test("of two nodes with one name the older is fenced, and its runs continue at once", async () => {
  const engine = setup.gateway.engineFor("k");
  const old = await setup.node();
  const answer = new Collected(engine.generate(preparedRequest, generateOptions()));
  await until(() => old.runs.size === 1);
  const [id = ""] = old.runs.keys();
  old.generate(id, 2);
  await until(() => answer.text === "t0 t1 ");

  const newer = await setup.node({ incarnation: "a2", startedAtMs: 2 });
  await until(() => newer.runs.size === 1);
  expect(old.got("fence")).toEqual([{ type: "fence", by: { name: "a", incarnation: "a2" } }]);
  old.generate(id, 3);
  const [next = ""] = newer.runs.keys();
  newer.generate(next, 1);
  newer.finish(next);
  await answer.done;

  expect(answer.text).toBe("t0 t1 t2 ");
});

test("a gateway speaks to a node as soon as it joins and as soon as it is active, with its term", async () => {
  const next = new GatewaySetup("g2", { bus: setup.bus });
  const node = await setup.node();
  await until(() => node.got("sync").length === 1);

  next.lease.give(2, "g2");
  await until(() => node.got("sync").length === 2);

  expect(next.gateway.problem).toBeNull();
  await next.gateway.close();
});

test("the memory of the nodes is shown, and none of it is taken here", async () => {
  const memory = { ramBytes: 7, vramBytes: 9 };
  await setup.node({ model: { info: { ...FAKE_MODEL, memory } } });
  const engine = setup.gateway.engineFor("k");

  expect(engine.status().model?.memory).toEqual(memory);
  expect((await engine.load()).memory).toEqual({ ramBytes: 0, vramBytes: 0 });
});

test("a gateway that shuts down gives back its lease, and finishes its requests beside the next one", async () => {
  const node = await setup.node();
  const engine = setup.gateway.engineFor("k");
  const answer = new Collected(engine.generate(preparedRequest, generateOptions()));
  await until(() => node.runs.size === 1);
  const [id = ""] = node.runs.keys();
  node.generate(id, 1);
  await setup.gateway.retire();
  setup.lease.holder = "g2";
  setup.gateway.tick();
  node.announce({}, { orphans: 1 }); // the run is not one of the next gateway
  await settle();

  expect(setup.lease.isHeld).toBe(false);
  expect(setup.gateway.isActive).toBe(false);
  expect(setup.gateway.problem).toBeNull(); // for the requests that it has
  expect(setup.gateway.slotsOf("k")).toBe(2);
  node.generate(id, 1);
  node.finish(id);
  await answer.done;
  expect(answer.text).toBe("t0 t1 ");
});

test("a stream that another gateway has attached ends here", async () => {
  const node = await setup.node();
  const engine = setup.gateway.engineFor("k");
  const answer = new Collected(engine.generate(preparedRequest, generateOptions()));
  await until(() => node.runs.size === 1);
  const [id = ""] = node.runs.keys();
  node.send({ type: "taken", ids: [id] });

  await answer.done;
  expect(answer.error?.message).toBe("another gateway has taken over this stream");
});
