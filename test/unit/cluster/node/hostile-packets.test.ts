// Packets that no gateway has made: a node refuses them, and its runs go on.

import { expect, test } from "vitest";
import type { ToNode } from "../../../../src/cluster/messages.ts";
import { subjectsOf } from "../../../../src/cluster/subjects.ts";
import { settled } from "../../../support/cluster/test-gateway.ts";
import { startNode } from "../../../support/cluster/test-node.ts";

const TO_NODE = subjectsOf("test").toNode({ name: "n1", incarnation: "i1" });

test("garbage harms no run, and its lines in the log are limited", async () => {
  const { bus, gateway, worker, logged } = await startNode();
  const active = gateway("g1", 5);
  await active.start("r.0");
  const hostile = bus.link();
  const from = { id: "g2", term: 9 };
  const garbage = [
    ...[null, 7, "text", [], {}, { version: 1, from, messages: {} }],
    ...[Number.NaN, Number.POSITIVE_INFINITY, -1, "99"].map((term) => ({
      ...{ version: 1, from: { id: "g2", term }, messages: [] },
    })),
    { version: 1, from: { id: "g2 \r\n", term: 9 }, messages: [] },
  ];
  for (let times = 0; times < 100; times += 1)
    for (const packet of garbage) hostile.publish(TO_NODE, packet);
  await settled();
  worker.generate("a", "r.0");
  await settled();

  expect(active.eventsOf("r.0")).toEqual(["0 a"]);
  expect(logged.length).toBeLessThan(250);
});

test("messages that cannot be used do not keep the others of their packet away", async () => {
  const { gateway, worker } = await startNode();
  const active = gateway("g1", 5);
  await active.start("r.0");
  const bad = [null, {}, { type: "start" }, { type: "sync", runs: 5 }, { type: "nothing" }];
  await active.send(...(bad as unknown as ToNode[]), {
    ...{ type: "credit", id: "r.0", creditBytes: 150 },
  });

  expect(worker.sentOf("credit")).toEqual([{ type: "credit", id: "r.0", bytes: 50 }]);
});
