// Embeddings and rerank over HTTP with a fake engine: bad bodies, the queue, and clients that disconnect.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import { rawPost, WAYS_TO_LEAVE } from "../../support/clients/raw-client.ts";
import { post } from "../../support/clients/sse-client.ts";
import {
  metric,
  type RunningService,
  startWithFakeEmbeddings,
  until,
} from "../../support/start-service.ts";

const ok = { input: "Hi" };
const query = "which?";
const documents = ["this", "that"];

type Case = readonly [string, unknown, string, string | null];

const EMBEDDINGS: readonly Case[] = [
  ["no JSON", "{", "invalid_json", null],
  ["a list", "[]", "invalid_json", null],
  ["no input", {}, "missing_parameter", "input"],
  ["an input of null", { input: null }, "invalid_value", "input"],
  ["an input that is an object", { input: {} }, "invalid_value", "input"],
  ["an input that is a number", { input: 5 }, "invalid_value", "input"],
  ["an empty string", { input: "" }, "invalid_value", "input"],
  ["an empty list", { input: [] }, "invalid_value", "input"],
  ["an empty string in a list", { input: ["a", ""] }, "invalid_value", "input[1]"],
  ["an empty list of tokens", { input: [[1], []] }, "invalid_value", "input[1]"],
  ["null in a list", { input: ["a", null] }, "invalid_value", "input[1]"],
  ["strings and tokens mixed", { input: ["a", [1]] }, "invalid_value", "input[1]"],
  ["a negative token", { input: [[1, -1]] }, "invalid_value", "input[0]"],
  ["a token with a fraction", { input: [[1], [0.5]] }, "invalid_value", "input[1]"],
  ["2049 inputs", { input: Array(2049).fill("a") }, "invalid_value", "input"],
  ["dimensions 0", { ...ok, dimensions: 0 }, "invalid_value", "dimensions"],
  ["dimensions as text", { ...ok, dimensions: "8" }, "invalid_value", "dimensions"],
  ["an unknown format", { ...ok, encoding_format: "int8" }, "invalid_value", "encoding_format"],
  ["a model that is a number", { ...ok, model: 5 }, "invalid_value", "model"],
  ["another pooling", { ...ok, pooling: "max" }, "unsupported_parameter", "pooling"],
  ["no normalization", { ...ok, normalize: false }, "unsupported_parameter", "normalize"],
  ["an instruction", { ...ok, instruction: "find" }, "unsupported_parameter", "instruction"],
];

const RERANK: readonly Case[] = [
  ["no query", { documents }, "missing_parameter", "query"],
  ["an empty query", { query: "", documents }, "invalid_value", "query"],
  ["no documents", { query }, "missing_parameter", "documents"],
  ["an empty list", { query, documents: [] }, "invalid_value", "documents"],
  ["documents that are text", { query, documents: "a" }, "invalid_value", "documents"],
  ["a document that is a number", { query, documents: ["a", 5] }, "invalid_value", "documents[1]"],
  ["a document without text", { query, documents: [{}] }, "invalid_value", "documents[0]"],
  ["2049 documents", { query, documents: Array(2049).fill("a") }, "invalid_value", "documents"],
  ["top_n 0", { query, documents, top_n: 0 }, "invalid_value", "top_n"],
  [
    "return_documents as text",
    { query, documents, return_documents: "yes" },
    "invalid_value",
    "return_documents",
  ],
  [
    "a limit of each document",
    { query, documents, max_tokens_per_doc: 5 },
    "unsupported_parameter",
    "max_tokens_per_doc",
  ],
  ["both forms", { query, documents, texts: documents }, "invalid_value", "texts"],
  ["a text that is an object", { query, texts: [{ text: "a" }] }, "invalid_value", "texts[0]"],
  ["raw_scores as text", { query, texts: ["a"], raw_scores: "no" }, "invalid_value", "raw_scores"],
  [
    "texts cut at their beginning",
    { query, texts: ["a"], truncation_direction: "left" },
    "invalid_value",
    "truncation_direction",
  ],
];

describe("bad requests", () => {
  let running: RunningService;
  beforeAll(async () => {
    running = await startWithFakeEmbeddings({}, { strict: true });
  });
  afterAll(async () => running.close());

  test.each([
    ...EMBEDDINGS.map((each) => ["/v1/embeddings", ...each] as const),
    ...RERANK.map((each) => ["/v1/rerank", ...each] as const),
  ])("%s answers %s with 400", async (path, _name, body, code, param) => {
    const response = await post(running.url + path, body);

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code, param, type: "invalid_request_error" },
    });
  });

  test.each([
    ["/v1/embeddings", ok],
    ["/v1/rerank", { query, documents }],
    ["/v1/rerank", { query, texts: documents }],
  ])("%s refuses an unknown field under --strict", async (path, body) => {
    const response = await post(running.url + path, { ...body, foo: 1 });

    expect(await response.json()).toMatchObject({ error: { code: "unknown_parameter" } });
  });

  test("an unknown model is a 404, another method a 405", async () => {
    const unknown = await post(`${running.url}/v1/embeddings`, { ...ok, model: "nothing" });
    const get = await fetch(`${running.url}/reranking`);

    expect(unknown.status).toBe(404);
    expect(get.status).toBe(405);
  });
});

let running: RunningService | undefined;
afterEach(async () => running?.close());

test("returns vectors, names ignored fields, and leaves a log line and metrics", async () => {
  running = await startWithFakeEmbeddings();

  const response = await post(`${running.url}/v1/embeddings`, { input: ["abc", "a"], foo: 1 });

  expect(response.headers.get("x-ignored-params")).toBe("foo");
  expect(await response.json()).toMatchObject({
    data: [{ index: 0 }, { index: 1 }],
    model: "builtin",
    usage: { prompt_tokens: 2, total_tokens: 2 },
  });
  expect(running.logLines.at(-1)).toMatchObject({ path: "/v1/embeddings", inputs: 2, tokensIn: 2 });
  expect(await metric(running.url, "sluice_embedding_inputs_total")).toBe(2);
  expect(await metric(running.url, "sluice_requests_total", { outcome: "computed" })).toBe(1);
});

test.each(["/v1/rerank", "/rerank", "/v1/reranking", "/reranking", "/v2/rerank"])(
  "%s returns a ranking",
  async (path) => {
    running = await startWithFakeEmbeddings();

    const response = await post(running.url + path, { query, documents: ["long one", "short"] });

    expect(await response.json()).toMatchObject({ results: [{ index: 1 }, { index: 0 }] });
  },
);

test("each model is named after its file, and an alias works for each of them", async () => {
  const settings = { embeddingModel: "/m/vectors.gguf", alias: ["any-name"] };
  running = await startWithFakeEmbeddings({}, settings);
  const { url } = running;
  const modelOf = async (model?: string) => {
    const response = await post(`${url}/v1/embeddings`, { ...ok, model });
    return ((await response.json()) as { model: string }).model;
  };

  expect(await modelOf()).toBe("vectors");
  expect(await modelOf("vectors")).toBe("vectors");
  expect(await modelOf("any-name")).toBe("any-name");
});

describe.each(Object.entries(WAYS_TO_LEAVE))("a client that disconnects by %s", (_way, leave) => {
  test("frees its place, while it is computed and while it waits in the queue", async () => {
    const started = await startWithFakeEmbeddings({ inputMs: 20 });
    running = started;
    const queue = started.service.embeddingQueue;
    const many = { input: Array(2000).fill("a") };
    const computed = await rawPost(`${started.url}/v1/embeddings`, many);
    await until(() => started.engine.inputsComputed > 2, "it is computed");
    const waiting = await rawPost(`${started.url}/v1/embeddings`, many);
    await until(() => queue.waiting === 1, "it waits");

    leave(waiting.socket);
    await until(() => queue.waiting === 0, "it has left the line");
    leave(computed.socket);

    await until(() => queue.inside === 0, "its place is free");
    expect(started.engine.running).toBe(0);
    expect((await post(`${started.url}/v1/embeddings`, ok)).status).toBe(200);
  });
});

test("a full queue answers 429 with Retry-After, and queued requests are computed one after another", async () => {
  const started = await startWithFakeEmbeddings({ inputMs: 50 }, { queue: 1 });
  running = started;
  const url = `${started.url}/v1/embeddings`;
  const first = post(url, { input: Array(10).fill("a") });
  await until(() => started.engine.running === 1, "the first runs");
  const second = post(url, ok);
  await until(() => started.service.embeddingQueue.waiting === 1, "the second waits");

  const refused = await post(url, ok);

  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({ error: { code: "queue_full" } });
  expect((await first).status).toBe(200);
  expect((await second).status).toBe(200);
});

test.each([
  ["one that takes too long with 504", { requestTimeoutMs: 100 }, 504, "request_timeout"],
  ["one that waits too long with 503", { queueTimeoutMs: 100 }, 503, "queue_timeout"],
])("answers %s", async (_name, settings, status, code) => {
  const started = await startWithFakeEmbeddings({ inputMs: 50 }, settings);
  running = started;
  const url = `${started.url}/v1/embeddings`;
  const ahead = await rawPost(url, { input: Array(2000).fill("a") });
  await until(() => started.engine.running === 1, "another runs");

  const response = await post(url, { input: Array(100).fill("a") });

  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ error: { code } });
  ahead.socket.destroy();
});

test("a failure of the engine is a server error", async () => {
  const failure = new ServiceError("worker_crashed", "it is gone");
  running = await startWithFakeEmbeddings({ failure });

  const response = await post(`${running.url}/v1/embeddings`, ok);

  expect(response.status).toBe(500);
  expect(await response.json()).toMatchObject({ error: { code: "worker_crashed" } });
});

test("a server that closes ends running requests with 503", async () => {
  const started = await startWithFakeEmbeddings({ inputMs: 50 });
  const response = post(`${started.url}/v1/embeddings`, { input: Array(2000).fill("a") });
  await until(() => started.engine.running === 1, "it runs");

  await started.close();

  expect((await response).status).toBe(503);
});

/** Several megabytes, more than any socket buffer holds, of characters that take several bytes. */
const largeBody = {
  query,
  documents: Array(16).fill("\u00fc\u{1f600}".repeat(100_000)),
  return_documents: true,
};

test("a large answer arrives complete", async () => {
  running = await startWithFakeEmbeddings({}, { bodyLimit: 100_000_000 });

  const response = await post(`${running.url}/v1/rerank`, largeBody);

  const { results } = (await response.json()) as { results: { document: { text: string } }[] };
  expect(results.every(({ document }, i) => document.text === largeBody.documents[i])).toBe(true);
});

test("a client that stops reading a large answer is cut off, and no other client waits for it", async () => {
  const settings = { bodyLimit: 100_000_000, stallTimeoutMs: 200 };
  const started = await startWithFakeEmbeddings({}, settings);
  running = started;

  const client = await rawPost(`${started.url}/v1/rerank`, largeBody, { isDeaf: true });

  const ended = () => started.logLines.filter(({ outcome }) => outcome !== undefined);
  await until(() => ended().length > 0, "it has ended");
  expect(ended()).toMatchObject([{ outcome: "client_stalled" }]);
  expect(started.service.embeddingQueue.inside).toBe(0);
  client.socket.destroy();
});
