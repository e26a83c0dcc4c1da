// The ordinary service as a gateway of a cluster: its models, its readiness, answers from nodes, and streams that move.

import { afterEach, beforeEach, expect, test } from "vitest";
import { SYSTEM_CLOCK } from "../../../src/cluster/cluster-clock.ts";
import type { FromNode } from "../../../src/cluster/messages.ts";
import type { ServiceSettings } from "../../../src/config/config-with.ts";
import { PLAIN_PREPARED } from "../../support/clients/requests.ts";
import { postStream, readEvents, reopenStream } from "../../support/clients/resumable-stream.ts";
import { chat, post, postSse, readAll } from "../../support/clients/sse-client.ts";
import { FakeLease } from "../../support/cluster/fake-lease.ts";
import { FakeNode } from "../../support/cluster/fake-node.ts";
import { MemoryBus, type MemoryLink } from "../../support/cluster/memory-link.ts";
import { startNodeWith } from "../../support/cluster/test-node.ts";
import { metric, type RunningService, startGateway, until } from "../../support/start-service.ts";

type Gateway = RunningService & { readonly lease: FakeLease; readonly link: MemoryLink };

let bus: MemoryBus;
let open: { close: () => Promise<void> }[] = [];
beforeEach(() => {
  bus = new MemoryBus();
  open = [];
});
afterEach(() => Promise.all(open.map((each) => each.close())));

async function gatewayWith(id = "g1", settings: ServiceSettings = {}): Promise<Gateway> {
  const [link, lease] = [bus.link(), new FakeLease()];
  const running = await startGateway({ id, link, lease }, settings);
  open.push(running);
  return { ...running, lease, link };
}

async function active(id = "g1", term = 1, settings: ServiceSettings = {}): Promise<Gateway> {
  const gateway = await gatewayWith(id, settings);
  gateway.lease.give(term, id);
  return gateway;
}

/** A node that answers questions, and generates when the test says so. */
function fakeNode(name: string): FakeNode {
  const node = new FakeNode({ link: bus.link(), name, incarnation: `${name}1` });
  node.answer = ({ id, ...message }): FromNode =>
    message.type === "ask"
      ? { type: "answered", id, answer: PLAIN_PREPARED, ms: 1 }
      : { type: "embedded", id, first: 0, vectors: [Float64Array.of(3, 4)], promptTokens: 2 };
  node.announce();
  const timer = setInterval(() => node.announce(), 500); // a node that is not heard is lost
  open.push({ close: async () => clearInterval(timer) });
  return node;
}

/** A real node with a worker that answers every question. */
async function realNode(name: string) {
  const parts = await startNodeWith(SYSTEM_CLOCK, { bus, name });
  const { worker, node } = parts;
  const answered = new Set<string>();
  const timer = setInterval(() => {
    for (const { id } of worker.sentOf("ask")) {
      if (answered.has(id)) continue;
      answered.add(id);
      worker.questions.receive({ type: "answered", id, answer: PLAIN_PREPARED, ms: 1 });
    }
  }, 5);
  open.push({
    close: async () => {
      clearInterval(timer);
      await node.close();
    },
  });
  return parts;
}

async function json(url: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const listed = async ({ url }: Gateway) => {
  const { body } = await json(`${url}/v1/models`);
  return body.data as readonly { id: string; meta: Record<string, unknown> }[];
};

test("without nodes, a gateway lists no model and is not ready; with one, it is", async () => {
  const gateway = await active();
  expect(await json(`${gateway.url}/ready`)).toMatchObject({
    status: 503,
    body: { status: "loading", model: null, reason: "no node serves a model yet" },
  });
  expect(await listed(gateway)).toEqual([]);
  const refused = await post(`${gateway.url}/v1/chat/completions`, chat({ stream: false }));
  expect(refused.status).toBe(503);
  expect(refused.headers.get("retry-after")).toBe("2");
  expect(await refused.text()).toContain("no node serves a model yet");

  fakeNode("a");
  fakeNode("b");
  await until(async () => (await fetch(`${gateway.url}/ready`)).ok, "the gateway is ready");

  await until(async () => (await listed(gateway))[0]?.meta.slots === 4, "both nodes have joined");
  const [model] = await listed(gateway);
  expect(model).toMatchObject({ id: "m", meta: { state: "ready", size: 1, fits: true } });
  expect(await metric(gateway.url, "sluice_cluster_nodes", { state: "ready" })).toBe(2);
  expect(await metric(gateway.url, "sluice_cluster_gateway_active")).toBe(1);
  expect(await metric(gateway.url, "sluice_models_ram_bytes")).toBe(0);
});

test("a gateway that stands by is not ready, names the active one, and refuses requests", async () => {
  const standby = await gatewayWith("g2");
  standby.lease.take("g1");
  fakeNode("a");
  await until(async () => (await listed(standby)).length === 1, "the node has joined");

  expect(await json(`${standby.url}/ready`)).toMatchObject({
    status: 503,
    body: {
      status: "standby",
      model: "m",
      reason: "this gateway stands by: the gateway g1 is active",
    },
  });
  const paths = { "/v1/chat/completions": chat(), "/v1/embeddings": { model: "m", input: "x" } };
  for (const [path, body] of Object.entries(paths)) {
    const refused = await post(`${standby.url}${path}`, body);
    expect([path, refused.status, refused.headers.get("retry-after")]).toEqual([path, 503, "2"]);
    expect(await refused.text()).toContain("engine_unavailable");
  }
  expect(await metric(standby.url, "sluice_cluster_gateway_active")).toBe(0);
});

test("a stream whose node is lost continues on another one, with nothing twice or missing", async () => {
  const gateway = await active();
  const a = fakeNode("a");
  await until(async () => (await fetch(`${gateway.url}/ready`)).ok, "the gateway is ready");
  const answer = postSse(`${gateway.url}/v1/chat/completions`, chat({ stream: true }));
  await until(() => a.runs.size === 1, "the run has started");
  const [id = ""] = a.runs.keys();
  a.generate(id, 2);
  a.announce({ isDraining: true });
  const b = fakeNode("b");
  await until(async () => (await listed(gateway))[0]?.meta.slots === 2, "the other has joined");
  const error = { code: "worker_crashed", message: "it ended" };
  a.send({ type: "lost", ids: [id], error, isFromOutside: false, crashesInARow: 1 });
  await until(() => b.runs.size === 1, "the run continues");
  const [next = ""] = b.runs.keys();
  b.generate(next, 2);
  b.finish(next);

  const { text } = await readAll(await answer);
  expect(text).toBe("t0 t1 t2 t3 ");
  expect(await metric(gateway.url, "sluice_cluster_runs_moved_total")).toBe(1);
});

test("the nodes compute embeddings", async () => {
  const gateway = await active();
  fakeNode("a");
  await until(async () => (await fetch(`${gateway.url}/ready`)).ok, "the gateway is ready");

  const answer = await post(`${gateway.url}/v1/embeddings`, { model: "m", input: "x" });
  expect(answer.status).toBe(200);
  const body = (await answer.json()) as { data: { embedding: number[] }[]; usage: object };
  expect(body.data[0]?.embedding).toHaveLength(2);
  expect(body.usage).toMatchObject({ prompt_tokens: 2 });
});

test("a real node answers, and its resumable stream is taken up by the next gateway", async () => {
  const first = await active("g1", 1);
  const second = await gatewayWith("g2");
  const { worker } = await realNode("n1");
  await until(async () => (await fetch(`${first.url}/ready`)).ok, "the gateway is ready");
  const opened = await postStream(`${first.url}/v1/chat/completions`, chat({ stream: true }), {
    "x-resumable": "true",
  });
  await until(() => worker.sentOf("start").length === 1, "the run has started");
  const [id = ""] = worker.sentOf("start").map((start) => start.id);
  for (const text of ["one ", "two "]) worker.generate(text, id);
  const before = await readEvents(opened, 3);

  first.link.disconnect();
  second.lease.give(2, "g2");
  for (const text of ["three ", "four "]) worker.generate(text, id);
  await until(async () => (await fetch(`${second.url}/ready`)).ok, "the next gateway is ready");
  const url = new URL(opened.location, second.url);
  const reopened = reopenStream(url.href, before.at(-1)?.id);
  worker.finish(id);
  const after = await readEvents(await reopened);

  const all = [...before, ...after];
  const ids = all.flatMap((event) => (event.id === undefined ? [] : [Number(event.id)]));
  expect(ids).toEqual(ids.map((_, index) => (ids[0] ?? 0) + index));
  const texts = all.flatMap(({ data }) => /"content":"([^"]*)"/.exec(data)?.[1] ?? []);
  expect(texts.join("")).toBe("one two three four ");
});

test("while a gateway finishes its streams before it ends, the next one takes new requests", async () => {
  const first = await active("g1", 1, { drainTimeoutMs: 60_000 });
  const second = await gatewayWith("g2");
  const { worker } = await realNode("n1");
  await until(async () => (await fetch(`${first.url}/ready`)).ok, "the gateway is ready");
  const answer = postSse(`${first.url}/v1/chat/completions`, chat({ stream: true }));
  await until(() => worker.sentOf("start").length === 1, "the run has started");
  const [id = ""] = worker.sentOf("start").map((start) => start.id);
  worker.generate("one ", id);

  const closed = first.service.close();
  await until(() => !first.lease.isHeld, "the lease is given back");
  second.lease.give(2, "g2");
  await until(async () => (await fetch(`${second.url}/ready`)).ok, "the next gateway is ready");
  const next = postSse(`${second.url}/v1/chat/completions`, chat({ stream: true }));
  await until(() => worker.sentOf("start").length === 2, "the next run has started");
  const [, nextId = ""] = worker.sentOf("start").map((start) => start.id);
  for (const each of [id, nextId]) {
    worker.generate("two ", each);
    worker.finish(each);
  }

  expect((await readAll(await answer)).text).toBe("one two ");
  expect((await readAll(await next)).text).toBe("two ");
  await closed;
});

test("models of nodes are not pulled, unloaded or deleted through a gateway", async () => {
  const gateway = await active();
  fakeNode("a");
  await until(async () => (await fetch(`${gateway.url}/ready`)).ok, "the gateway is ready");

  const pulled = await post(`${gateway.url}/v1/models/pull`, { model: "qwen3:4b" });
  const unloaded = await post(`${gateway.url}/v1/models/unload`, { model: "m" });
  const deleted = await fetch(`${gateway.url}/v1/models/m`, { method: "DELETE" });

  expect([pulled.status, unloaded.status, deleted.status]).toEqual([403, 400, 400]);
  expect(await pulled.text()).toContain("pull the model on its nodes");
  expect(await unloaded.text()).toContain("on the nodes of the cluster, which keep it loaded");
  expect(await deleted.text()).toContain(
    "on the nodes of the cluster, so it cannot be deleted here",
  );
});
