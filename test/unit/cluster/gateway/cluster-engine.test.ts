// Requests across nodes: where they run, what happens to lost messages, and how they continue when a node is lost.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ClusterEngine } from "../../../../src/cluster/gateway/cluster-engine.ts";
import { PrefixDigest } from "../../../../src/cluster/prefix-digest.ts";
import type { GenerateOptions } from "../../../../src/engine/engine.ts";
import { ServiceError } from "../../../../src/errors.ts";
import { prefixHashes } from "../../../../src/generation/prefix-hashes.ts";
import type { FakeNode } from "../../../support/cluster/fake-node.ts";
import {
  Collected,
  GatewaySetup,
  GRACE_MS,
  generateOptions,
  HeldLease,
  preparedRequest,
  settle,
  until,
} from "../../../support/cluster/gateway-setup.ts";
import { FAKE_MODEL } from "../../../support/engines/fake-engine.ts";

let setup: GatewaySetup;
let engine: ClusterEngine;
beforeEach(() => {
  setup = new GatewaySetup();
  setup.lease.give(1, "g1");
  engine = setup.gateway.engineFor("k");
});
afterEach(() => setup.gateway.close());

function begin(options: Partial<GenerateOptions> = {}, request = preparedRequest): Collected {
  return new Collected(engine.generate(request, generateOptions(options)));
}

/** The only run of a node, when it has one. */
async function runOn(node: FakeNode, count = 1): Promise<string> {
  await until(() => node.runs.size >= count);
  return [...node.runs.keys()][count - 1] ?? "";
}

test("a request gets its events from the node that runs it, and ends with it", async () => {
  const node = await setup.node();
  const lease = new HeldLease();
  const answer = begin({ lease });
  const id = await runOn(node);
  expect(node.runs.get(id)?.start).toMatchObject({ model: "k", generated: [], kept: null });

  node.generate(id, 3);
  node.finish(id);
  await answer.done;

  expect(answer.error).toBeNull();
  expect(answer.text).toBe("t0 t1 t2 ");
  expect(answer.events.at(-1)?.type).toBe("finish");
  expect(lease.isHeld).toBe(false);
});

test("an event that arrives twice is delivered once", async () => {
  const node = await setup.node();
  const answer = begin();
  const id = await runOn(node);

  node.generate(id, 2);
  node.repeat(id, 0);
  node.generate(id, 1);
  node.finish(id);
  await answer.done;

  expect(answer.text).toBe("t0 t1 t2 ");
});

test("lost events are asked for again, once, and none is missing", async () => {
  const node = await setup.node();
  const answer = begin();
  const id = await runOn(node);

  node.generate(id, 2);
  node.generate(id, 2, { isSent: false });
  node.generate(id, 1);
  node.finish(id);
  await answer.done;

  expect(answer.text).toBe("t0 t1 t2 t3 t4 ");
  expect(node.got("resend")).toEqual([{ type: "resend", id, from: 2 }]);
  expect(setup.gateway.resentEvents).toBe(2);
});

test("each sync says which event is next and all credit that was given", async () => {
  const node = await setup.node();
  begin();
  const id = await runOn(node);
  node.generate(id, 2);
  await settle();

  setup.gateway.tick();
  await until(() => node.got("sync").some(({ runs }) => runs.length > 0));

  const sync = node.got("sync").at(-1);
  expect(sync?.runs).toEqual([{ id, next: 2, creditBytes: 1_000 }]);
});

test("credit on the wire is all that was ever given", async () => {
  const node = await setup.node();
  const answer = begin();
  const id = await runOn(node);
  for (let credits = 1; credits <= 2; credits += 1) {
    node.generate(id, 200);
    await until(() => node.got("credit").length === credits);
  }

  const totals = node.got("credit").map(({ creditBytes }) => creditBytes);
  expect(totals).toEqual([...totals].sort((one, other) => one - other));
  expect(totals.at(-1)).toBeGreaterThan(1_500);
  node.finish(id);
  await answer.done;
});

test("a client that leaves aborts its run, and the slot is free when the node says so", async () => {
  const node = await setup.node();
  const left = new AbortController();
  const lease = new HeldLease();
  const answer = begin({ signal: left.signal, lease });
  const id = await runOn(node);

  left.abort();
  await answer.done;

  expect(node.got("abort")[0]).toMatchObject({ id });
  expect(lease.isHeld).toBe(false);
});

test("requests go to the node that is least loaded, and to the one that has read the prompt before", async () => {
  const [a, b] = [
    await setup.node({ name: "a", incarnation: "a1", model: { slots: 4 } }),
    await setup.node({ name: "b", incarnation: "b1", model: { slots: 4 } }),
  ];
  begin();
  begin();
  await until(() => a.runs.size === 1 && b.runs.size === 1);

  const promptTokens = Uint32Array.from({ length: 200 }, (_, index) => index);
  const digest = new PrefixDigest();
  digest.add(prefixHashes(promptTokens, "k "));
  b.announce({}, { prefixes: digest.encode() });
  await settle();
  const request = { ...preparedRequest, promptTokens };
  begin({}, request);
  begin({}, request);
  await until(() => b.runs.size === 3);

  expect(a.runs.size).toBe(1);
});

test("another cache scope does not share the prefix", async () => {
  const promptTokens = Uint32Array.from({ length: 200 }, (_, index) => index);
  const digest = new PrefixDigest();
  digest.add(prefixHashes(promptTokens, "k "));
  const prefixes = digest.encode();
  const a = await setup.node({ name: "a", incarnation: "a1" });
  const b = await setup.node({ name: "b", incarnation: "b1", model: { slots: 1, prefixes } });

  begin({ cacheScope: "other" }, { ...preparedRequest, promptTokens });
  await runOn(a);

  expect(b.runs.size).toBe(0);
});

test("a request continues from its tokens when its node is lost, with nothing twice or missing", async () => {
  const a = await setup.node({ name: "a", incarnation: "a1" });
  const lease = new HeldLease();
  const answer = begin({ lease });
  const id = await runOn(a);
  a.generate(id, 3);
  await until(() => answer.text === "t0 t1 t2 ");
  const b = await setup.node({ name: "b", incarnation: "b1" });

  await setup.pass(4_000, [b]);
  const next = await runOn(b);
  expect(b.runs.get(next)?.start.generated).toEqual([0, 1, 2]);
  expect([id, next].map((each) => each.split(".")[1])).toEqual(["0", "1"]);
  expect(lease.acquisitions).toBe(1); // it keeps its turn
  a.generate(id, 5); // a zombie's events
  b.generate(next, 2);
  b.finish(next);
  await answer.done;

  expect(answer.error).toBeNull();
  expect(answer.text).toBe("t0 t1 t2 t3 t4 ");
  expect(setup.gateway.movedRuns).toBe(1);
});

test("a suspect gets only the credit of its proof, and never beside another suspect", async () => {
  const a = await setup.node({ name: "a", incarnation: "a1" });
  const [first, second] = [begin(), begin()];
  await runOn(a, 2);
  for (const id of a.runs.keys()) a.generate(id, 1);
  const b = await setup.node({ name: "b", incarnation: "b1" });

  await setup.pass(4_000, [b]);
  const id = await runOn(b);
  await settle();
  expect(b.runs.size).toBe(1);
  expect(b.runs.get(id)?.start.creditBytes).toBe(32);

  b.generate(id, 8);
  b.event(id, { type: "parked", id });
  const other = await runOn(b, 2);
  await until(() => b.got("credit").some((credit) => credit.id === id));
  for (const each of [id, other]) b.finish(each);
  await Promise.all([first.done, second.done]);
  expect([first.error, second.error]).toEqual([null, null]);
});

test("a request that has killed two nodes fails, and is refused by this gateway and by the next", async () => {
  const nodes = await Promise.all(
    ["a", "b", "c"].map((name) => setup.node({ name, incarnation: `${name}1` })),
  );
  const standby = new GatewaySetup("g2", { bus: setup.bus });
  const answer = begin();
  for (let kills = 0; kills < 2; kills += 1) {
    await until(() => nodes.some(({ runs }) => runs.size > 0));
    const victim = nodes.find(({ runs }) => runs.size > 0);
    const [id = ""] = victim?.runs.keys() ?? [];
    victim?.runs.clear();
    victim?.send({
      type: "lost",
      ids: [id],
      error: { code: "worker_crashed", message: "worker ended (SIGSEGV)" },
      isFromOutside: false,
      crashesInARow: 1,
    });
    await settle();
  }
  await answer.done;
  expect(answer.error).toMatchObject({ code: "worker_crashed" });
  const starts = () => nodes.flatMap((node) => node.got("start")).length;
  expect(starts()).toBe(2);

  const again = begin(
    {},
    { ...preparedRequest, sampling: { ...preparedRequest.sampling, seed: 7 } },
  );
  await again.done;
  expect(again.error).toMatchObject({ code: "worker_crashed", retryAfterSeconds: 600 });
  standby.lease.give(2, "g2");
  const elsewhere = new Collected(
    standby.gateway.engineFor("k").generate(preparedRequest, generateOptions()),
  );
  await elsewhere.done;
  expect(elsewhere.error).toMatchObject({ code: "worker_crashed" });
  expect(starts()).toBe(2);

  setup.nowMs += 601_000;
  begin();
  await until(() => starts() === 3);
  await standby.gateway.close();
});

test("a run that its node moves continues elsewhere without being a suspect", async () => {
  const a = await setup.node({ name: "a", incarnation: "a1" });
  const answer = begin();
  const id = await runOn(a);
  a.generate(id, 2);
  a.announce({ isDraining: true });
  const b = await setup.node({ name: "b", incarnation: "b1" });
  a.send({ type: "moved", ids: [id] });

  const next = await runOn(b);
  expect(b.runs.get(next)?.start).toMatchObject({ generated: [0, 1], creditBytes: 1_000 });
  b.generate(next, 1);
  b.finish(next);
  await answer.done;

  expect(answer.text).toBe("t0 t1 t2 ");
  expect(a.got("start")).toHaveLength(1);
});

test("a start that was lost on the way is sent again", async () => {
  const node = await setup.node();
  setup.bus.dropNext(({ packet }) => JSON.stringify(packet).includes('"start"'));
  const answer = begin();
  await settle();
  expect(node.runs.size).toBe(0);

  setup.gateway.tick();
  const id = await runOn(node);
  node.finish(id);
  await answer.done;

  expect(answer.error).toBeNull();
});

test("an abort that was lost on the way is sent again", async () => {
  const node = await setup.node();
  const left = new AbortController();
  const answer = begin({ signal: left.signal });
  const id = await runOn(node);
  setup.bus.dropNext(({ packet }) => JSON.stringify(packet).includes('"abort"'));
  left.abort();
  await settle();
  expect(answer.hasEnded).toBe(false);

  setup.gateway.tick();
  await answer.done;

  expect(node.got("abort")).toMatchObject([{ id }]);
});

test("a kept stream gives the events of its earlier runs to the next node", async () => {
  const a = await setup.node({ name: "a", incarnation: "a1" });
  const kept = { streamId: "s", origin: { path: "/v1" } };
  const answer = begin({ kept });
  const id = await runOn(a);
  expect(a.runs.get(id)?.start).toMatchObject({ kept, history: [] });
  a.generate(id, 2);
  const b = await setup.node({ name: "b", incarnation: "b1" });
  await setup.pass(4_000, [b]);

  const next = await runOn(b);
  expect(b.runs.get(next)?.start.history).toMatchObject([{ text: "t0 " }, { text: "t1 " }]);
  b.generate(next, 1);
  b.finish(next);
  await answer.done;

  expect(answer.text).toBe("t0 t1 t2 ");
});

test("a gateway that shuts down leaves its kept streams to the next one, and aborts the others", async () => {
  const node = await setup.node();
  const ends = new AbortController();
  const { signal } = ends;
  const lease = new HeldLease();
  const kept = begin({ signal, lease, kept: { streamId: "s", origin: null } });
  const id = await runOn(node);
  const other = begin({ signal });
  const otherId = await runOn(node, 2);

  ends.abort(new ServiceError("draining", "the server is shutting down"));
  await Promise.all([kept.done, other.done]);
  setup.gateway.tick();
  await settle();

  expect(new Set(node.got("abort").map((abort) => abort.id))).toEqual(new Set([otherId]));
  expect(node.got("sync").at(-1)?.runs).toMatchObject([{ id }]);
  expect(lease.isHeld).toBe(false);
});

test("a lost connection keeps the runs and refuses new questions until it is back", async () => {
  const node = await setup.node();
  const answer = begin();
  const id = await runOn(node);
  node.generate(id, 1);
  await until(() => answer.text !== "");

  setup.link.disconnect();
  const signal = new AbortController().signal;
  const question = { type: "detokenize", tokens: [1] } as const;
  await expect(engine.ask(question, { signal }).answer).rejects.toMatchObject({
    code: "engine_unavailable",
    retryAfterSeconds: 2,
  });
  await setup.pass(GRACE_MS - 1_000);
  node.generate(id, 2); // lost
  await settle();
  expect(answer.hasEnded).toBe(false);

  setup.link.reconnect();
  node.generate(id, 1);
  node.finish(id);
  await answer.done;
  expect(answer.text).toBe("t0 t1 t2 t3 ");
  expect(await engine.ask(question, { signal }).answer).toBe("a");
});

test("after the grace time without a connection, the runs fail", async () => {
  const node = await setup.node();
  const [answer, waiting] = [begin(), begin()];
  await runOn(node, 2);
  const third = begin(); // waits for a slot of the node
  setup.link.disconnect();

  await setup.pass(GRACE_MS + 500);
  await Promise.all([answer.done, waiting.done, third.done]);

  for (const { error } of [answer, waiting, third])
    expect(error).toMatchObject({ code: "engine_unavailable" });
});

test("a lease that ends without another holder keeps the runs; another holder ends them", async () => {
  const node = await setup.node();
  const answer = begin();
  const id = await runOn(node);
  setup.lease.take("g1");
  await setup.pass(1_000);
  expect(answer.hasEnded).toBe(false);
  expect(node.got("sync").length).toBeGreaterThan(0);

  setup.lease.give(2, "g1");
  node.generate(id, 1);
  await until(() => answer.text === "t0 ");
  setup.lease.take("g2");
  await answer.done;

  expect(answer.error).toMatchObject({
    code: "engine_unavailable",
    message: "another gateway has taken over",
  });
});

test("a node that knows a newer term makes the lease surpass it", async () => {
  const node = await setup.node();
  begin();
  await runOn(node);
  node.send({ type: "stale", term: 9 });
  await settle();

  expect(setup.lease.surpassed).toEqual([9]);
});

test("a gateway that stands by refuses requests and sends nothing", async () => {
  const standby = new GatewaySetup("g2", { bus: setup.bus });
  const node = await setup.node();
  standby.lease.take("g1");
  const refused = new Collected(
    standby.gateway.engineFor("k").generate(preparedRequest, generateOptions()),
  );
  await refused.done;

  expect(refused.error).toMatchObject({
    code: "engine_unavailable",
    message: "this gateway stands by: the gateway g1 is active",
    retryAfterSeconds: 2,
  });
  expect(node.runs.size).toBe(0);
  await standby.gateway.close();
});

test("a question that is lost with its node is asked another one, once", async () => {
  const a = await setup.node({ name: "a", incarnation: "a1" });
  const b = await setup.node({ name: "b", incarnation: "b1" });
  a.answer = ({ id }) => ({
    type: "refused",
    id,
    error: { code: "worker_crashed", message: "it ended" },
    ms: 2,
    isLost: true,
  });
  const signal = new AbortController().signal;
  const question = { type: "detokenize", tokens: [1] } as const;

  const pending = engine.ask(question, { signal });
  expect(await pending.answer).toBe("b");
  expect(await pending.costMs).toBe(7);

  b.answer = a.answer;
  await expect(engine.ask(question, { signal }).answer).rejects.toMatchObject({
    code: "worker_crashed",
  });
  await expect(engine.ask(question, { signal }).answer).rejects.toMatchObject({
    code: "worker_crashed",
    retryAfterSeconds: 600,
  });
});

test("a prompt is prepared on the node with the smallest context, so that it fits on all", async () => {
  expect(engine.status().model).toBeNull();
  await setup.node({ name: "a", incarnation: "a1" });
  const info = { ...FAKE_MODEL, contextTokens: 64 };
  await setup.node({ name: "b", incarnation: "b1", model: { info } });
  const signal = new AbortController().signal;

  expect(await engine.ask({ type: "detokenize", tokens: [] }, { signal }).answer).toBe("b");
  expect(engine.status().model?.contextTokens).toBe(64);
});

test("a question whose messages are lost again and again is asked until it arrives", async () => {
  const node = await setup.node();
  const signal = new AbortController().signal;
  let asked = 0;
  node.answer = (message) => {
    asked += 1;
    if (asked < 5) return { type: "unknown", ids: [message.id] };
    return { type: "answered", id: message.id, answer: "text", ms: 1 };
  };

  const answer = engine.ask({ type: "detokenize", tokens: [1] }, { signal }).answer;
  expect(await answer).toBe("text");
  expect(asked).toBe(5);
});

test("a run whose prompt fits on no node any more fails after the queue timeout", async () => {
  const waiting = new GatewaySetup("g2", { queueTimeoutMs: () => 0 });
  waiting.lease.give(2, "g2");
  const info = { ...FAKE_MODEL, contextTokens: preparedRequest.promptTokens.length };
  await waiting.node({ model: { info } });
  const generated = waiting.gateway.engineFor("k").generate(preparedRequest, generateOptions());
  const answer = new Collected(generated);
  await answer.done;

  expect(answer.error).toMatchObject({ code: "queue_timeout" });
  await waiting.gateway.close();
});

test("vectors that come in several messages are one answer, and are asked for again if one was lost", async () => {
  const node = await setup.node();
  const embedding = setup.gateway.embeddingEngineFor("k");
  const [a, b, c] = [Float64Array.of(1), Float64Array.of(2), Float64Array.of(3)];
  let asked = 0;
  node.answer = ({ id }) => {
    asked += 1;
    node.send({ type: "vectors", id, first: 0, vectors: [a] });
    if (asked > 1) node.send({ type: "vectors", id, first: 1, vectors: [b] });
    return { type: "embedded", id, first: 2, vectors: [c], promptTokens: 9 };
  };
  const received: Float64Array[] = [];
  const options = { inputPath: "input[]", truncates: false, dimensions: null };
  const request = { type: "embed", inputs: ["a", "b", "c"], ...options } as const;
  const { signal } = new AbortController();
  const ran = await embedding.run(request, {
    signal,
    onResult: (vector) => received.push(vector as Float64Array),
  });

  expect([ran.promptTokens, asked]).toEqual([9, 2]);
  expect(received).toEqual([a, b, c]);
});

test("requests and questions leave nothing on signals that live as long as the gateway", async () => {
  const any = vi.spyOn(AbortSignal, "any"); // it leaves something on them
  const added = vi.spyOn(AbortSignal.prototype, "addEventListener");
  const removed = vi.spyOn(AbortSignal.prototype, "removeEventListener");
  const node = await setup.node();
  const [first, second, third] = [begin(), begin(), begin()]; // the third waits for a slot
  await until(() => node.runs.size === 2);
  for (const id of node.runs.keys()) node.finish(id);
  await until(() => node.runs.size === 3);
  node.finish([...node.runs.keys()].at(-1) ?? "");
  await Promise.all([first.done, second.done, third.done]);
  await engine.ask({ type: "detokenize", tokens: [] }, { signal: new AbortController().signal })
    .answer;
  await settle();

  expect(any).not.toHaveBeenCalled();
  expect(removed.mock.calls.length).toBeGreaterThanOrEqual(added.mock.calls.length);
  vi.restoreAllMocks();
});
