// Vectors and rerank scores of the real worker: the built-in model, a decoder, and tiny BERTs with random weights, which are
// encoders. Tests the protocol and which texts are closer to each other, not the quality.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { post } from "../support/clients/sse-client.ts";
import { TINY_VOCABULARY, writeTinyBert } from "../support/gguf/tiny-gguf.ts";
import { type RunningService, startWithFake, startWithModel } from "../support/start-service.ts";

type Answer = {
  readonly data: readonly { readonly index: number; readonly embedding: number[] }[];
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number };
};
type Ranking = {
  readonly results: readonly { readonly index: number; readonly relevance_score: number }[];
};

let running: RunningService;
let encoder: RunningService;
beforeAll(async () => {
  running = await startWithModel({ threads: 1 });
  encoder = await startWithFake(
    {},
    {
      gpu: "off",
      threads: 1,
      embeddingModel: writeTinyBert({ pooling: "mean" }),
      rerankModel: writeTinyBert({ pooling: "rank" }),
    },
  );
});
afterAll(async () => {
  await running.close();
  await encoder.close();
});

async function ask<T>(url: string, body: object): Promise<T> {
  const response = await post(url, body);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

const vectorsOf = ({ data }: Answer) => data.map(({ embedding }) => embedding);
const lengthOf = (vector: readonly number[]) => Math.hypot(...vector);
const closeness = (one: readonly number[] = [], other: readonly number[] = []) =>
  one.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);

const texts = [
  "The cat sat on the mat.",
  "A cat is sitting on a rug.",
  "Paris is the capital of France.",
  "France's capital city is Paris.",
  "x",
];

describe.each([
  // Its long text does not fit into one decode step.
  ["the model that generates", () => running, 256, "word ".repeat(1_500)],
  ["an encoder", () => encoder, 32, "cat ".repeat(500)],
])("%s", (_name, service, width, longText) => {
  const embed = (input: unknown, more: object = {}) =>
    ask<Answer>(`${service().url}/v1/embeddings`, { input, ...more });

  test("gives each text of a list the same vector as alone, with length 1", async () => {
    const inputs = [...texts, longText, "the cat"];
    const together = await embed(inputs);

    const alone = [];
    for (const text of inputs) alone.push(await embed(text));
    expect(vectorsOf(together)).toEqual(alone.flatMap(vectorsOf));
    expect(together.usage.prompt_tokens).toBe(
      alone.reduce((sum, { usage }) => sum + usage.prompt_tokens, 0),
    );
    expect(together.data.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    for (const vector of vectorsOf(together)) {
      expect(vector).toHaveLength(width);
      expect(lengthOf(vector)).toBeCloseTo(1, 5);
    }
  });

  test("returns the same vectors in base64 as in floats", async () => {
    const floats = await embed(texts);

    const base64 = await embed(texts, { encoding_format: "base64" });

    const decoded = base64.data.map(({ embedding }) => {
      const bytes = Buffer.from(String(embedding), "base64");
      return Array.from({ length: width }, (_, index) => bytes.readFloatLE(4 * index));
    });
    expect(decoded).toEqual(vectorsOf(floats).map((vector) => vector.map(Math.fround)));
  });

  test("cuts a vector to its first dimensions, and normalizes it again", async () => {
    const [whole = []] = vectorsOf(await embed("the cat"));

    const [cut = []] = vectorsOf(await embed("the cat", { dimensions: 8 }));

    const first = whole.slice(0, 8);
    expect(lengthOf(cut)).toBeCloseTo(1, 5);
    expect(closeness(cut, first) / lengthOf(first)).toBeCloseTo(1, 5);
  });

  test("answers too many dimensions and unknown tokens with 400", async () => {
    const url = `${service().url}/v1/embeddings`;

    const wide = await post(url, { input: "a", dimensions: width + 1 });
    const unknown = await post(url, { input: [[1], [1, 1_000_000]] });

    expect(wide.status).toBe(400);
    expect(await wide.json()).toMatchObject({ error: { param: "dimensions" } });
    expect(await unknown.json()).toMatchObject({
      error: { code: "invalid_value", param: "input[1]" },
    });
  });
});

test("texts about the same subject are closer than others", async () => {
  const answer = await ask<Answer>(`${running.url}/v1/embeddings`, { input: texts });

  const [cat, otherCat, paris, otherParis] = vectorsOf(answer);
  expect(closeness(cat, otherCat)).toBeGreaterThan(closeness(cat, otherParis) + 0.1);
  expect(closeness(paris, otherParis)).toBeGreaterThan(closeness(otherCat, paris) + 0.1);
});

test("token ids get the vector of their text", async () => {
  const tokens = ["the", "cat", "sat"].map((word) => TINY_VOCABULARY.indexOf(`\u2581${word}`));
  const url = `${encoder.url}/v1/embeddings`;

  const text = await ask<Answer>(url, { input: "the cat sat" });
  const ids = await ask<Answer>(url, { input: tokens });
  const list = await ask<Answer>(url, { input: [tokens, [5]] });

  expect(vectorsOf(ids)).toEqual(vectorsOf(text));
  expect(vectorsOf(list)[0]).toEqual(vectorsOf(text)[0]);
  expect(ids.usage).toEqual({ prompt_tokens: 5, total_tokens: 5 }); // with the tokens for beginning and end
});

test("an encoder reads an input as long as its whole context, and an error names a longer one", async () => {
  const url = `${encoder.url}/v1/embeddings`;

  const longest = await ask<Answer>(url, { input: ["a ".repeat(510)] });
  const tooLong = await post(url, { input: ["a", "a ".repeat(511)] });

  expect(longest.usage.prompt_tokens).toBe(512);
  expect(tooLong.status).toBe(400);
  expect(await tooLong.json()).toMatchObject({
    error: {
      code: "context_length_exceeded",
      param: "input[1]",
      message: expect.stringContaining("input[1] has 513 tokens, but this model reads at most 512"),
    },
  });
});

test("control tokens in a text are read as text", async () => {
  const url = `${encoder.url}/v1/embeddings`;

  const { usage } = await ask<Answer>(url, { input: "[SEP]" });

  expect(usage.prompt_tokens).toBeGreaterThan(3);
});

const query = "the capital of france";
const documents = ["the cat sat on the mat", "paris is the capital", "", "dog"];

test("gives each document of a list the same score as alone", async () => {
  const url = `${encoder.url}/v1/rerank`;

  const { results } = await ask<Ranking>(url, { query, documents });

  const scores = results.map(({ relevance_score }) => relevance_score);
  expect(scores).toEqual([...scores].sort((one, other) => other - one));
  for (const { index, relevance_score } of results) {
    const alone = await ask<Ranking>(url, { query, documents: [documents[index]] });
    expect(alone.results[0]?.relevance_score).toBe(relevance_score);
    expect(relevance_score).toBeGreaterThan(0);
    expect(relevance_score).toBeLessThan(1);
  }
});

test("reads a query and a document as BERT does: beginning, query, separator, document, separator", async () => {
  const url = `${encoder.url}/v1/rerank`;

  const answer = await ask<Pick<Answer, "usage">>(url, { query: "the cat", documents: ["dog"] });

  expect(answer.usage).toEqual({ prompt_tokens: 6, total_tokens: 6 });
});

test("names a document that is too long in the error, or truncates it on request", async () => {
  const url = `${encoder.url}/rerank`;
  const texts = ["a", "a ".repeat(600)];

  const refused = await post(url, { query, texts });
  const cut = await ask<object[]>(url, { query, texts, truncate: true });
  const longQuery = await post(url, { query: "a ".repeat(600), texts, truncate: true });

  expect(await refused.json()).toMatchObject({
    error: { code: "context_length_exceeded", param: "texts[1]" },
  });
  expect(cut).toHaveLength(2);
  expect(await longQuery.json()).toMatchObject({
    error: { code: "context_length_exceeded", param: "query" },
  });
});

test("a chat model that cannot rank is not loaded a second time to find that out", async () => {
  const served = await startWithModel({ threads: 1 });

  const response = await post(`${served.url}/v1/rerank`, { query, documents });

  expect(response.status).toBe(400);
  expect(
    served.service.models.resolveEmbedding(null, "rank").model.engine.status().workerPid,
  ).toBeNull();
  await served.close();
});

test("with a model that cannot rank, or only ranks, the error names the missing flag", async () => {
  const withModel = (pooling: "mean" | "rank") =>
    startWithFake({}, { gpu: "off", threads: 1, embeddingModel: writeTinyBert({ pooling }) });
  const embedder = await withModel("mean");
  const ranker = await withModel("rank");

  const unranked = await post(`${embedder.url}/v1/rerank`, { query, documents });
  const unembedded = await post(`${ranker.url}/v1/embeddings`, { input: "a" });
  const ranked = await post(`${ranker.url}/v1/rerank`, { query, documents });

  expect(unranked.status).toBe(400);
  expect(await unranked.json()).toMatchObject({
    error: { code: "unsupported_parameter", message: expect.stringContaining("--rerank-model") },
  });
  expect(unembedded.status).toBe(400);
  expect(await unembedded.json()).toMatchObject({
    error: { message: expect.stringContaining("--embedding-model") },
  });
  expect(ranked.status).toBe(200);
  await ranker.close();
  await embedder.close();
});
