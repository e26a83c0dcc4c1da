// Questions of gateways to a node: answers, refusals, aborts, and crashes of the worker.

import { expect, test } from "vitest";
import { ServiceError } from "../../../../src/errors.ts";
import { MODEL_KEY, settled } from "../../../support/cluster/test-gateway.ts";
import { startNode } from "../../../support/cluster/test-node.ts";

const QUESTION = { type: "detokenize", tokens: [1] } as const;
const ASK = { type: "ask", id: "q1", model: MODEL_KEY, question: QUESTION } as const;
const EMBED = {
  type: "embed",
  id: "e1",
  model: MODEL_KEY,
  request: { type: "embed", inputs: ["a"], inputPath: "input", truncates: false, dimensions: null },
} as const;

/** A node whose worker was asked the question. */
async function asked() {
  const started = await startNode();
  const g1 = started.gateway("g1", 1);
  await g1.send(ASK);
  const [question] = started.worker.sentOf("ask");
  if (!question) throw new Error("the worker was not asked");
  return { ...started, g1, question };
}

test("an answer has the id of the question, and what it cost", async () => {
  const { worker, g1, question } = await asked();
  expect(question.question).toEqual(QUESTION);
  worker.questions.receive({ type: "answered", id: question.id, answer: "text", ms: 7 });
  await settled();
  expect(g1.received).toEqual([{ type: "answered", id: "q1", answer: "text", ms: 7 }]);
});

test("a refusal has the engine's error, and is not taken for a loss", async () => {
  const { worker, g1, question } = await asked();
  const error = { code: "template_error", message: "no such role" };
  worker.questions.receive({ type: "refused", id: question.id, error, ms: 7 });
  await settled();
  expect(g1.received).toMatchObject([{ type: "refused", id: "q1", error, ms: 7, isLost: false }]);
});

test("a question for a model that the node does not serve is refused", async () => {
  const { gateway } = await startNode();
  const g1 = gateway("g1", 1);
  await g1.send({ ...ASK, model: "another" }, { ...EMBED, id: "e1" });
  expect(g1.received).toMatchObject([
    { type: "refused", id: "q1", error: { code: "engine_unavailable" }, isLost: false },
    { type: "refused", id: "e1", error: { code: "engine_unavailable" }, isLost: false },
  ]);
});

test("a question is lost with its worker, unless the worker was computing it: then it may be the reason", async () => {
  const { worker, g1, question } = await asked();
  await g1.send({ ...ASK, id: "q2" });
  worker.questions.receive({ type: "computing", id: question.id });
  worker.crash();
  await settled();
  const refusals = g1.receivedOf("refused");
  expect(refusals.map(({ id, isLost }) => [id, isLost])).toEqual([
    ["q1", false],
    ["q2", true],
  ]);
  expect(refusals[0]?.error.code).toBe("worker_crashed");
});

test("an aborted question is aborted in the worker", async () => {
  const { worker, g1, question } = await asked();
  await g1.send({ type: "abort", id: "q1" });
  expect(worker.sentOf("abort")).toEqual([{ type: "abort", id: question.id }]);
});

test("a question that a sync does not list is aborted, and one that the node does not have is unknown", async () => {
  const { worker, g1 } = await asked();
  await g1.sync([], ["q1", "q2"]);
  expect(worker.sentOf("abort")).toEqual([]);
  expect(g1.received).toEqual([{ type: "unknown", ids: ["q2"] }]);
  await g1.sync([], []);
  expect(worker.sentOf("abort")).toHaveLength(1);
});

test("a forgotten question is not answered, and its id can be used again", async () => {
  const { worker, g1, question } = await asked();
  await g1.sync();
  await g1.send(ASK);
  worker.questions.receive({ type: "answered", id: question.id, answer: "old", ms: 1 });
  await settled();
  expect(g1.received).toEqual([]);
  const [, again] = worker.sentOf("ask");
  worker.questions.receive({ type: "answered", id: again?.id ?? "", answer: "new", ms: 1 });
  await settled();
  expect(g1.received).toMatchObject([{ type: "answered", id: "q1", answer: "new" }]);
});

test("two gateways may use the same ids", async () => {
  const { worker, g1, gateway } = await asked();
  const g2 = gateway("g2", 1);
  await g2.send(ASK);
  const [, second] = worker.sentOf("ask");
  worker.questions.receive({ type: "answered", id: second?.id ?? "", answer: "b", ms: 1 });
  await settled();
  expect(g1.received).toEqual([]);
  expect(g2.received).toMatchObject([{ type: "answered", id: "q1", answer: "b" }]);
});

test("questions of a lost gateway are aborted", async () => {
  const { worker, clock } = await asked();
  clock.advance(2_200);
  expect(worker.sentOf("abort")).toHaveLength(1);
});

test("embeddings are computed by the model's own engine, and aborted like questions", async () => {
  const signals: AbortSignal[] = [];
  const { gateway } = await startNode({
    embed: async (request, signal) => {
      signals.push(signal);
      if (request.type === "rank") return new Promise(() => {});
      return { vectors: [Float64Array.of(1, 2)], promptTokens: 3 };
    },
  });
  const g1 = gateway("g1", 1);
  await g1.send(EMBED);
  expect(g1.received).toEqual([
    { type: "embedded", id: "e1", first: 0, vectors: [Float64Array.of(1, 2)], promptTokens: 3 },
  ]);
  const options = { inputPath: "documents", truncates: false };
  const request = { type: "rank", query: "a", documents: ["b"], ...options } as const;
  await g1.send({ ...EMBED, id: "e2", request });
  await g1.send({ type: "abort", id: "e2" });
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
});

test("vectors that are too many for a packet come in several, in order", async () => {
  const vectors = Array.from({ length: 20 }, (_, index) => new Float64Array(2 ** 15).fill(index));
  const { gateway } = await startNode({ embed: async () => ({ vectors, promptTokens: 3 }) });
  const g1 = gateway("g1", 1);
  await g1.send(EMBED);

  const parts = [...g1.receivedOf("vectors"), ...g1.receivedOf("embedded")];
  expect(g1.packets).toHaveLength(5);
  expect(parts.map(({ first }) => first)).toEqual([0, 4, 8, 12, 16]);
  expect(parts.flatMap((part) => part.vectors)).toEqual(vectors);
});

test("embeddings that cannot be computed are refused with the engine's error", async () => {
  const { gateway } = await startNode({
    embed: async () => {
      throw new ServiceError("unsupported_parameter", "it cannot rank", { field: "model" });
    },
  });
  const g1 = gateway("g1", 1);
  await g1.send(EMBED);
  const error = { code: "unsupported_parameter", message: "it cannot rank", field: "model" };
  expect(g1.received).toMatchObject([{ type: "refused", id: "e1", error }]);
});
