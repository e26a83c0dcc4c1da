// Resumable streams that outlive their gateway: another one continues them from their node, event for event.

import { afterEach, describe, expect, test } from "vitest";
import { DIALECTS } from "../../../src/api/wire-formats.ts";
import { deferred } from "../../../src/generation/deferred.ts";
import type { FreshDelta } from "../../../src/generation/events.ts";
import type { PrefillStatus } from "../../../src/generation/wait-status.ts";
import type { ServiceSettings } from "../../../src/service.ts";
import {
  openStream,
  postStream,
  readEvents,
  reopenStream,
  type StreamEvent,
} from "../../support/clients/resumable-stream.ts";
import { openSocket } from "../../support/clients/socket-client.ts";
import { FakeEmbeddingEngine } from "../../support/engines/fake-embedding-engine.ts";
import type { FakeEngineOptions } from "../../support/engines/fake-engine.ts";
import { FakeNode } from "../../support/engines/fake-node.ts";
import { type RunningService, startWithEngines, until } from "../../support/start-service.ts";

const CHAT = "/v1/chat/completions";
const RESUMABLE = { "x-resumable": "true" };
const hello = { messages: [{ role: "user", content: "one two" }], stream: true, max_tokens: 500 };
const words = Array.from({ length: 40 }, (_, number) => `${number} `);
const writing: FakeEngineOptions = { texts: words };
const endless: FakeEngineOptions = { texts: ["word "], tokens: Number.POSITIVE_INFINITY };

const gateways: RunningService[] = [];
afterEach(async () => {
  await Promise.all(gateways.splice(0).map(({ close }) => close()));
});

type Cluster = {
  readonly node: FakeNode;
  readonly one: RunningService;
  readonly two: RunningService;
};

/** One node, the gateway that is cut off later, and the one that takes over. */
async function start(engine: FakeEngineOptions, settings: ServiceSettings = {}): Promise<Cluster> {
  const node = new FakeNode(engine);
  const all = { resumeGraceMs: 60_000, ...settings };
  const [one, two] = [await startGateway(node, all), await startGateway(node, all)];
  return { node, one, two };
}

async function startGateway(node: FakeNode, settings: ServiceSettings): Promise<RunningService> {
  const embeddingEngine = new FakeEmbeddingEngine({});
  const parts = { engine: node.engine(), embeddingEngine, streamFinder: node };
  const gateway = await startWithEngines(parts, settings);
  gateways.push(gateway);
  return gateway;
}

type Begun = {
  /** What the client has received from the first gateway. */
  readonly received: readonly StreamEvent[];
  readonly location: string;
};

/** A client that receives some events from the first gateway, which is then cut off. */
async function beginOn(
  { node, one }: Cluster,
  count: number,
  { path = CHAT, body = hello, headers = {} }: Partial<StreamCase> & { headers?: object } = {},
): Promise<Begun> {
  node.limitTo(count);
  const stream = await postStream(`${one.url}${path}`, body, { ...RESUMABLE, ...headers });
  const received = await readEvents(stream, count);
  node.cutOff();
  node.limitTo(Number.POSITIVE_INFINITY);
  return { received, location: stream.location };
}

async function readOn(
  { two }: Cluster,
  { location, received }: Begun,
  most?: number,
): Promise<readonly StreamEvent[]> {
  return readEvents(await reopenStream(`${two.url}${location}`, received.at(-1)?.id), most);
}

const idsOf = (events: readonly StreamEvent[]) => events.map(({ id }) => Number(id));
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

function textOf(events: readonly StreamEvent[]): string {
  const chunks = events.filter(({ data }) => data !== "[DONE]").map(({ data }) => JSON.parse(data));
  return chunks.map(({ choices }) => choices?.[0]?.delta?.content ?? "").join("");
}

test("a client continues on another gateway after the last event that it received", async () => {
  const cluster = await start(writing);
  const begun = await beginOn(cluster, 5);
  const events = [...begun.received, ...(await readOn(cluster, begun))];

  expect(idsOf(events)).toEqual(upTo(events.length));
  expect(textOf(events)).toBe(words.join(""));
  expect(events.at(-1)?.data).toBe("[DONE]");
});

test("it may disconnect from that gateway too, and come back, also after the end", async () => {
  const cluster = await start(writing);
  const begun = await beginOn(cluster, 5);
  const events = [...begun.received, ...(await readOn(cluster, begun, 7))];
  await until(() => cluster.two.service.queue.inside === 0, "it has ended");
  events.push(...(await readOn(cluster, { ...begun, received: events })));
  const { response } = await reopenStream(`${cluster.two.url}${begun.location}`, events.at(-1)?.id);

  expect(idsOf(events)).toEqual(upTo(events.length));
  expect(textOf(events)).toBe(words.join(""));
  expect(response.status).toBe(204);
  expect(cluster.node.takeovers).toBe(1);
});

test("an event that does not exist yet is waited for", async () => {
  const cluster = await start(writing);
  const begun = await beginOn(cluster, 20);
  cluster.node.limitTo(0);
  const stream = await reopenStream(
    `${cluster.two.url}${begun.location}`,
    begun.received.at(-1)?.id,
  );
  cluster.node.limitTo(Number.POSITIVE_INFINITY);

  expect(idsOf(await readEvents(stream))[0]).toBe(20);
});

test("several clients at once take a stream up once, and get the same events", async () => {
  const cluster = await start(writing);
  const searching = deferred<void>();
  cluster.node.hold = searching.promise;
  const { location } = await beginOn(cluster, 3);
  const opening = [0, 1, 2].map(() => openStream(`${cluster.two.url}${location}`));
  await until(() => cluster.node.searches > 0, "it is searched for");
  searching.resolve();
  const [first, ...others] = await Promise.all(
    (await Promise.all(opening)).map((stream) => readEvents(stream)),
  );

  for (const events of others) expect(events).toEqual(first);
  expect(textOf(first ?? [])).toBe(words.join(""));
  expect([cluster.node.searches, cluster.node.takeovers]).toEqual([1, 1]);
});

test("is logged and charged once, with the request id of its first gateway", async () => {
  const settings = { keysFile: undefined, apiKey: ["one"] };
  const cluster = await start(writing, settings);
  const headers = { authorization: "Bearer one", "x-request-id": "mine" };
  const begun = await beginOn(cluster, 5, { headers });
  await readOn(cluster, begun);
  await until(() => cluster.two.service.queue.inside === 0, "it has ended");
  const response = await fetch(`${cluster.two.url}/v1/usage`, { headers });

  const lines = cluster.two.logLines.filter(
    ({ requestId, outcome }) => requestId === "mine" && outcome,
  );
  expect(lines).toMatchObject([{ path: CHAT, outcome: "stop", tokensIn: 2, tokensOut: 40 }]);
  expect(await response.json()).toMatchObject({
    data: [{ requests: 1, prompt_tokens: 2, completion_tokens: 40, tokens_today: 42 }],
  });
});

test("DELETE stops it on its node", async () => {
  const cluster = await start(endless);
  const { location } = await beginOn(cluster, 3);
  const url = `${cluster.two.url}${location}`;
  const { response } = await openStream(url, { method: "DELETE" });

  expect(response.status).toBe(204);
  await until(() => cluster.node.aborted === 1, "the node is told");
  const events = await readEvents(await openStream(url));
  expect(JSON.parse(events.at(-1)?.data ?? "")).toMatchObject({ error: { code: "cancelled" } });
});

test("a stream that was taken up and deleted does not begin again", async () => {
  const cluster = await start(writing);
  const begun = await beginOn(cluster, 3);
  await readOn(cluster, begun);
  const url = `${cluster.two.url}${begun.location}`;

  expect((await openStream(url, { method: "DELETE" })).response.status).toBe(204);
  expect((await openStream(url)).response.status).toBe(404);
  expect(cluster.node.takeovers).toBe(1);
});

test("stops when no client comes back in time", async () => {
  const cluster = await start(endless, { resumeGraceMs: 100 });
  const { location } = await beginOn(cluster, 3);
  cluster.node.limitTo(10);
  await readEvents(await openStream(`${cluster.two.url}${location}`), 2);

  await until(() => cluster.node.aborted === 1, "the node is told");
  expect(cluster.two.logLines.at(-1)).toMatchObject({ outcome: "aborted" });
});

test("a deadline that passed meanwhile ends it after the text that the client has", async () => {
  const cluster = await start(endless);
  const begun = await beginOn(cluster, 5, { headers: { "x-deadline-ms": "60000" } });
  cluster.node.olderByMs = 100_000;
  cluster.node.limitTo(10);
  const events = [...begun.received, ...(await readOn(cluster, begun))];

  expect(idsOf(events)).toEqual(upTo(events.length));
  expect(textOf(events)).toBe("word ".repeat(10));
  expect(JSON.parse(events.at(-2)?.data ?? "")).toMatchObject({
    choices: [{ finish_reason: "length" }],
    timings: { deadline_reached: true },
  });
});

test("HEAD answers with the headers of the stream", async () => {
  const cluster = await start(writing);
  const { location } = await beginOn(cluster, 3);
  const { response } = await openStream(`${cluster.two.url}${location}`, { method: "HEAD" });

  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toContain("text/event-stream");
});

describe("no client takes up a stream", () => {
  test("without its key or its token, and no secret key is kept", async () => {
    const cluster = await start(writing, { apiKey: ["secret-one", "secret-two"] });
    const [one, two] = ["one", "two"].map((key) => ({ authorization: `Bearer secret-${key}` }));
    const { location } = await beginOn(cluster, 3, { headers: one ?? {} });
    const [path = "", token = ""] = location.split("?token=");
    const status = async (at: string, headers = {}) =>
      (await openStream(`${cluster.two.url}${at}`, { headers })).response.status;

    expect(await status(path)).toBe(401);
    expect(await status(path, two)).toBe(404);
    expect(await status(`${path}?token=${token.slice(1)}`)).toBe(404);
    expect(await status(`${path}?token=`)).toBe(404);
    expect(cluster.node.takeovers).toBe(0);
    expect(JSON.stringify(cluster.node.kept.origin)).not.toContain("secret-");
    expect(await status(path, one)).toBe(200);
    expect(await status(location)).toBe(200);
    expect(cluster.node.takeovers).toBe(1);
  });

  test("whose id is none, or that no node has", async () => {
    const cluster = await start(writing);
    const status = async (id: string) =>
      (await openStream(`${cluster.two.url}/v1/streams/${id}?token=x`)).response.status;

    expect(await status("stream_1")).toBe(404);
    expect(cluster.node.searches).toBe(0);
    expect(await status(`stream_${"0".repeat(24)}`)).toBe(404);
    expect(cluster.node.searches).toBe(1);
  });

  test("while the nodes cannot be asked: it gets 503 and retries", async () => {
    const cluster = await start(writing);
    const begun = await beginOn(cluster, 3);
    cluster.node.isUnreachable = true;
    const { response } = await openStream(`${cluster.two.url}${begun.location}`);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("1");

    cluster.node.isUnreachable = false;
    expect((await readOn(cluster, begun)).at(-1)?.data).toBe("[DONE]");
  });
});

test("a gateway that shuts down breaks the connections, so that its clients continue elsewhere", async () => {
  const cluster = await start(endless, { drainTimeoutMs: 20 });
  const { node, one, two } = cluster;
  node.limitTo(5);
  const stream = await postStream(`${one.url}${CHAT}`, hello, RESUMABLE);
  const [reading] = await Promise.allSettled([readEvents(stream), one.close()]);

  expect(reading.status).toBe("rejected"); // no error event, whose id would be another event's
  node.limitTo(Number.POSITIVE_INFINITY);
  const events = await readEvents(await reopenStream(`${two.url}${stream.location}`, "4"), 20);
  expect(idsOf(events)).toEqual(upTo(20).map((index) => index + 5));
});

test("a request that no node has begun gets the error of a gateway that shuts down", async () => {
  const cluster = await start(endless, { drainTimeoutMs: 20, slots: 1 });
  const { node, one } = cluster;
  node.limitTo(5);
  const running = await postStream(`${one.url}${CHAT}`, hello, RESUMABLE);
  const reading = readEvents(running).catch(() => {});
  const waiting = await postStream(`${one.url}${CHAT}`, hello, RESUMABLE);
  const [events] = await Promise.all([readEvents(waiting), one.close(), reading]);

  expect(JSON.parse(events.at(-1)?.data ?? "")).toMatchObject({ error: { code: "draining" } });
});

test("a WebSocket continues it too", async () => {
  const cluster = await start(writing);
  const begun = await beginOn(cluster, 5);
  const client = await openSocket(cluster.two.url);
  const last = Number(begun.received.at(-1)?.id);
  client.say({ type: "resume", id: "a", stream: begun.location, last_event_id: last });
  const messages = await client.answer("a");
  client.socket.terminate();

  const ids = messages.filter(({ type }) => type === "event").map(({ event_id: id }) => Number(id));
  expect(ids).toEqual(upTo(ids.length).map((index) => index + last + 1));
  expect(messages.at(-1)).toMatchObject({ type: "end", reason: "done" });
});

test("a stored response is stored by the next gateway", async () => {
  const cluster = await start(writing);
  const body = { input: "one two", stream: true };
  const begun = await beginOn(cluster, 5, { path: "/v1/responses", body });
  const events = [...begun.received, ...(await readOn(cluster, begun))];
  const { id } = JSON.parse(events[0]?.data ?? "").response;
  const stored = await (await fetch(`${cluster.two.url}/v1/responses/${id}`)).json();

  expect(stored).toMatchObject({ id, status: "completed", store: true });
  expect(stored).toEqual(JSON.parse(events.at(-1)?.data ?? "").response);
});

test("a response that was not stored, because the store was full, still is not", async () => {
  const cluster = await start(writing, { responseStore: 2_000 });
  const body = { input: "one two ".repeat(400), stream: true };
  const begun = await beginOn(cluster, 5, { path: "/v1/responses", body });
  const events = [...begun.received, ...(await readOn(cluster, begun))];

  for (const at of [0, -1])
    expect(JSON.parse(events.at(at)?.data ?? "").response).toMatchObject({ store: false });
});

test.each([
  ["frames at intervals", { stream_options: { flush: 50 } }],
  ["several choices", { n: 2 }],
])("%s cannot be repeated, so that the stream ends with its gateway", async (_, fields) => {
  const { node, one } = await start(writing);
  const stream = await postStream(`${one.url}${CHAT}`, { ...hello, ...fields }, RESUMABLE);
  await readEvents(stream);

  expect(stream.location).not.toBe("");
  expect(() => node.kept).toThrow("no stream is kept");
});

type StreamCase = { readonly path: string; readonly body: object };

const call = (index: number, name: string | null, text: string): FreshDelta => ({
  ...{ type: "tool-call-delta", index, name, text, tokens: 1 },
});
const progress = (processed: number): PrefillStatus => ({
  ...{ type: "prefill", total: 9, cached: 1, processed, ms: 3 },
});
const logprob = (text: string) => ({ id: 1, text, bytes: [...Buffer.from(text)], logprob: -0.5 });
const reading = { cachedTokens: 1, prefixTier: "slot", prefillMs: 12 } as const;
const EVENTS: readonly (FreshDelta | PrefillStatus)[] = [
  progress(4),
  progress(9),
  { type: "reasoning-delta", text: "Hm. ", tokens: 1, prompt: reading },
  { type: "reasoning-delta", text: "So be it. ", tokens: 2 },
  ...["Let", " me", " look. At", " it.", " Then", "."].map(
    (text): FreshDelta => ({
      ...{ type: "text-delta", text, tokens: 1 },
      logprobs: [{ ...logprob(text), alternatives: [logprob("x")] }],
    }),
  ),
  call(0, "weather", '{"city":'),
  call(0, null, '"Oslo"}'),
  call(1, "clock", "{}"),
];

const parameters = { type: "object", properties: { city: { type: "string" } } };
const tools = ["weather", "clock"].map((name) => ({
  type: "function",
  function: { name, parameters },
}));
const flatTools = tools.map(({ function: { name } }) => ({ type: "function", name, parameters }));
const stream = true;
const CASES: readonly StreamCase[] = [
  { path: CHAT, body: { ...hello, tools, return_progress: true, logprobs: true, top_logprobs: 1 } },
  { path: CHAT, body: { ...hello, tools, stream_options: { flush: "word" } } },
  {
    path: CHAT,
    body: {
      ...hello,
      stream_options: { flush: "sentence", include_usage: true, continuous_usage_stats: true },
    },
  },
  { path: "/v1/completions", body: { prompt: "one two", stream, max_tokens: 50, logprobs: 1 } },
  { path: "/v1/completions", body: { prompt: "one two", stream, max_tokens: 50, echo: true } },
  {
    path: "/v1/responses",
    body: { input: "one two", stream, store: false, tools: flatTools, truncation: "auto" },
  },
  { path: "/v1/responses", body: { input: "one two", stream } },
  {
    path: "/v1/messages",
    body: {
      ...hello,
      thinking: { type: "enabled", budget_tokens: 1_024 },
      max_tokens: 2_000,
      tools: tools.map(({ function: { name } }) => ({ name, input_schema: parameters })),
    },
  },
  {
    path: "/v1beta/models/builtin:streamGenerateContent?alt=sse",
    body: {
      contents: [{ parts: [{ text: "one two" }] }],
      tools: [{ functionDeclarations: [{ name: "weather" }, { name: "clock" }] }],
      generationConfig: { thinkingConfig: { includeThoughts: true } },
    },
  },
  {
    path: "/completion",
    body: { prompt: "one two", stream, n_predict: 50, return_progress: true },
  },
  { path: "/infill", body: { input_prefix: "a", input_suffix: "b", stream, n_predict: 50 } },
];

describe("every API's events are the same again, byte for byte", () => {
  const figures = /"(\w+_(?:ms|second))":(?:null|[\d.e-]+)/g;
  /** The times of the receipt, in the last events, are those of the gateway that sends them. */
  const withoutTimes = ({ data, ...rest }: StreamEvent) => ({
    ...rest,
    data: data.replace(figures, '"$1":0'),
  });

  test.each(CASES)("$path $body", async ({ path, body }) => {
    const cluster = await start({ events: EVENTS, model: { canInfill: true } });
    const { node, one, two } = cluster;
    const stream = await postStream(`${one.url}${path}`, body, RESUMABLE);
    expect(stream.response.status).toBe(200);
    const whole = await readEvents(stream);
    node.cutOff();
    const again = await readEvents(await openStream(`${two.url}${stream.location}`));

    expect(whole.length).toBeGreaterThan(3);
    expect(idsOf(whole)).toEqual(upTo(whole.length));
    expect(again.map(withoutTimes)).toEqual(whole.map(withoutTimes));
    const differing = whole.filter(({ data }, index) => data !== again[index]?.data);
    expect(differing.length).toBeLessThanOrEqual(1); // the one with the receipt
  });

  test("and no API with server-sent events was left out", () => {
    const covered = CASES.map(({ path }) => path.replace("builtin", "{model}").split("?")[0]);
    const streaming = DIALECTS.filter(({ lines, contract }) => contract.event && !lines);

    expect([...new Set(covered)].sort()).toEqual(streaming.map(({ path }) => path).sort());
  });
});
