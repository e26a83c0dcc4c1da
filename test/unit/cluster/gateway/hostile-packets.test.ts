// Packets that no node or gateway has made: a gateway refuses them, and goes on.

import { afterEach, beforeEach, expect, test } from "vitest";
import { type NumberedEvent, PROTOCOL_VERSION } from "../../../../src/cluster/messages.ts";
import { subjectsOf } from "../../../../src/cluster/subjects.ts";
import type { FakeNode } from "../../../support/cluster/fake-node.ts";
import {
  Collected,
  GatewaySetup,
  generateOptions,
  preparedRequest,
  settle,
  until,
} from "../../../support/cluster/gateway-setup.ts";
import type { MemoryLink } from "../../../support/cluster/memory-link.ts";

const SUBJECTS = subjectsOf("test");
const TO_GATEWAY = SUBJECTS.toGateway({ id: "g1" });
const GARBAGE = [
  ...[null, 0, "", "text", [], {}, true],
  ...[{ version: 1 }, { version: 1, from: {}, messages: [] }],
  { version: 1, from: { name: "a", incarnation: "a1" }, messages: {} },
  { version: 1, from: { name: 1, incarnation: [] }, messages: [] },
];

let setup: GatewaySetup;
let hostile: MemoryLink;
let node: FakeNode;
beforeEach(async () => {
  setup = new GatewaySetup();
  setup.lease.give(1, "g1");
  hostile = setup.bus.link();
  node = await setup.node();
});
afterEach(() => setup.gateway.close());

async function startedAnswer() {
  const engine = setup.gateway.engineFor("k");
  const answer = new Collected(engine.generate(preparedRequest, generateOptions()));
  await until(() => node.runs.size === 1);
  const [id = ""] = node.runs.keys();
  return { id, answer };
}

/** As the node `a` announces itself, with these changes. */
function announce(changes: object, model: object = {}): void {
  const from = { name: "x", incarnation: "x1" };
  const [announced] = node.announced.models;
  const models = [{ ...announced, ...model }];
  const message = { ...node.announced, ...from, models, ...changes };
  hostile.publish(SUBJECTS.announcements, { version: PROTOCOL_VERSION, from, messages: [message] });
}

test("garbage on all its subjects harms no answer, and its lines in the log are limited", async () => {
  const { id, answer } = await startedAnswer();
  for (let times = 0; times < 100; times += 1)
    for (const garbage of GARBAGE)
      for (const subject of [SUBJECTS.announcements, SUBJECTS.quarantine, TO_GATEWAY])
        hostile.publish(subject, garbage);
  await settle();
  setup.gateway.tick();
  node.generate(id, 1);
  node.finish(id);
  await answer.done;

  expect(answer.text).toBe("t0 ");
  expect(setup.logLines.length).toBeLessThan(250);
  expect(setup.logLines.at(-1)).toContain("left out for a minute");
});

test.each([
  ["no models", { models: undefined }, {}],
  ["a model that is null", { models: [null] }, {}],
  ["a subject as incarnation", { incarnation: "a b" }, {}],
  ["a name with line breaks", { name: "a\nb" }, {}],
  ["more models than a node has", { models: Array.from({ length: 300 }, () => ({})) }, {}],
  ["no names", {}, { names: [] }],
  ["endless slots", {}, { slots: Number.POSITIVE_INFINITY }],
  ["slots below 0", {}, { slots: -5 }],
  ["a million slots", {}, { slots: 1_000_000 }],
  ["orphans below 0", {}, { orphans: -100 }],
  ["an unknown state", {}, { state: "great" }],
  ["no facts of the model", {}, { info: {} }],
  ["a speed that is no number", {}, { decodeTokensPerSecond: Number.NaN }],
])("an announcement with %s is refused", async (_, changes, model) => {
  const slots = setup.gateway.slotsOf("k");
  announce(changes, model);
  await settle();
  setup.gateway.tick();

  expect(setup.gateway.slotsOf("k")).toBe(slots);
  expect(setup.gateway.nodeCounts).toEqual({ ready: 1, loading: 0, draining: 0 });
});

test("messages that cannot be used do not keep the others of their packet away", async () => {
  const { id, answer } = await startedAnswer();
  const event: NumberedEvent = {
    number: 0,
    event: { type: "output", id, event: { type: "text-delta", text: "good", tokens: 1, ids: [1] } },
  };
  const kvTokens = { running: 0, kept: 0 };
  const step = { type: "step", model: "k", events: [event], loads: [], kvTokens };
  const messages = [
    ...[null, {}, { type: "step" }, { type: "lost", ids: 5 }, { type: "nothing" }],
    ...[
      { type: "answered", id: "q99" },
      { type: "found", id: "f", stream: 3 },
    ],
    ...[{ type: "unknown", ids: ["nobody"] }, step],
  ];
  hostile.publish(TO_GATEWAY, {
    version: PROTOCOL_VERSION,
    from: { name: "a", incarnation: "a1" },
    messages,
  });
  await until(() => answer.text === "good");
});

test("a node cannot put events into the run of another node", async () => {
  const { id, answer } = await startedAnswer();
  const other = await setup.node({ name: "b", incarnation: "b1" });
  other.runs.set(id, {
    ...{ start: node.startOf(id), events: [], owner: { id: "g1", term: 1 } },
    ...{ nextToken: 100, creditBytes: 0 },
  });
  other.generate(id, 3);
  other.finish(id);
  await settle();
  node.generate(id, 1);
  node.finish(id);
  await answer.done;

  expect(answer.text).toBe("t0 ");
});

test.each([Number.MAX_SAFE_INTEGER, Number.NaN, Number.POSITIVE_INFINITY, 1e300, -1, "9", null])(
  "a term of %s, which no gateway could surpass, is ignored",
  async (term) => {
    node.send({ type: "stale", term: term as number }, { id: "g1", term: 1 });
    await settle();

    expect(setup.lease.surpassed).toEqual([]);
  },
);

test("entries of the quarantine that no gateway has made are ignored", async () => {
  const hash = "a".repeat(44);
  const bad = [null, 5, { hash }, { hash, forMs: Number.NaN }, { hash, forMs: -1 }, { hash: {} }];
  hostile.publish(SUBJECTS.quarantine, [...bad, { hash: "short", forMs: 1_000 }]);
  await settle();
  const { id, answer } = await startedAnswer();
  node.finish(id);
  await answer.done;
  expect(answer.error).toBeNull();
});

test("10,000 announced nodes are limited to 1,000, and announcing them takes no time for each other node", async () => {
  let changes = 0;
  setup.gateway.onModels = () => {
    changes += 1;
  };
  for (let index = 0; index < 10_000; index += 1)
    announce({ name: `x${index}`, incarnation: `x${index}` });
  await settle();

  expect(setup.gateway.nodeCounts.ready).toBe(1_000);
  expect(changes).toBeLessThan(50);
  expect(setup.logLines.length).toBeLessThan(250);
});
