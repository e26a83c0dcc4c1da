// The attributes of spans and metrics, and how a request's time is divided.

import { expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import type { AnswerWork, EndedRequest } from "../../../src/journal/journal.ts";
import { metricAttributes, spanFacts } from "../../../src/telemetry/request-facts.ts";

const USAGE = { promptTokens: 10, cachedTokens: 4, completionTokens: 5, reasoningTokens: 0 };
const TIMES = { queueMs: 20, prefillMs: 30, firstTokenMs: 60, totalMs: 100 };
const WORK: AnswerWork = {
  ...{ type: "answer", model: "gpt-4o", servedModel: "qwen", isStreamed: true, isPrepared: true },
  receipt: { ...TIMES, isCut: false, usage: USAGE, seed: 1, cacheMiss: null },
  ...{ interTokenMs: 10, gaps: new Uint32Array(), miss: null },
};
const PATH = "/v1/chat/completions";
const COMPLETE: EndedRequest = {
  ...{ requestId: "r", path: PATH, key: "alice", client: "192.0.2.7", status: 200 },
  ...{ outcome: "stop", failure: null, work: WORK },
  trace: { traceId: "a", spanId: "b", parent: null, method: "POST", arrivedAt: 0 },
};
const FAILED: EndedRequest = {
  ...{ ...COMPLETE, outcome: "worker_crashed", status: 500 },
  failure: new ServiceError("worker_crashed", "the worker ended"),
};

test("a complete answer has its model, its tokens and its finish reason", () => {
  const { name, attributes, isServerError } = spanFacts(COMPLETE);

  expect(name).toBe("chat gpt-4o");
  expect(isServerError).toBe(false);
  expect(attributes).toEqual({
    "http.request.method": "POST",
    "http.route": PATH,
    "http.response.status_code": 200,
    "sluice.request_id": "r",
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "sluice",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "qwen",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 5,
    "gen_ai.usage.cache_read.input_tokens": 4,
  });
});

test("neither the key nor the client's address is in a span", () => {
  expect(JSON.stringify(spanFacts(COMPLETE))).not.toMatch(/alice|192\.0\.2\.7/);
});

test("the phases follow each other, from the arrival to the end", () => {
  expect(spanFacts(COMPLETE).phases).toEqual([
    { name: "prepare", fromMs: 0, toMs: 10 },
    { name: "queue", fromMs: 10, toMs: 30 },
    { name: "prefill", fromMs: 30, toMs: 60 },
    { name: "decode", fromMs: 60, toMs: 100 },
  ]);
});

test("an error has its code, and only one of the server makes the span an error", () => {
  const refused = new ServiceError("queue_full", "full");
  const full = spanFacts({ ...COMPLETE, status: 429, failure: refused, work: null });
  const crashed = spanFacts(FAILED);

  expect(full).toMatchObject({ name: "POST", isServerError: false, phases: [] });
  expect(full.attributes).toMatchObject({ "error.type": "queue_full" });
  expect(full.attributes).not.toHaveProperty("http.route"); // a path that no handler took may be anything
  expect(crashed).toMatchObject({ isServerError: true });
  expect(crashed.attributes).not.toHaveProperty("gen_ai.response.finish_reasons");
});

test.each([
  ["/v1/chat/completions", "chat"],
  ["/v1/completions", "text_completion"],
  ["/completion", "text_completion"],
  ["/infill", "text_completion"],
  ["/api/generate", "text_completion"],
  ["/api/chat", "chat"],
  ["/v1/responses", "chat"],
  ["/v1/messages", "chat"],
  ["/v1beta/models/{model}:generateContent", "generate_content"],
  ["/v1beta/models/{model}:streamGenerateContent", "generate_content"],
])("%s is the operation %s", (path, operation) => {
  expect(metricAttributes({ ...COMPLETE, path })).toMatchObject({
    "gen_ai.operation.name": operation,
  });
});

test("embeddings and reranking are operations of their own", () => {
  const work = {
    ...({ type: "embedding", model: "bert", servedModel: "bert", inputs: 2 } as const),
    ...{ promptTokens: 7, queueMs: 1, totalMs: 5 },
  };
  const nameOf = (path: string) => spanFacts({ ...COMPLETE, path, work }).name;

  expect([nameOf("/v1/embeddings"), nameOf("/v1/rerank")]).toEqual([
    "embeddings bert",
    "rerank bert",
  ]);
});

test("metrics count the kind of error, and no request whose model is not known", () => {
  expect(metricAttributes(FAILED)).toMatchObject({ "error.type": "worker_crashed" });
  expect(metricAttributes({ ...FAILED, work: null })).toBeNull();
  expect(metricAttributes({ ...FAILED, work: { ...WORK, model: null } })).toBeNull();
});
