import { expect, test } from "vitest";
import { rawScore, rerank } from "../../../../src/api/openai/rerank.ts";

function answer(body: object, scores: readonly number[]): unknown {
  const encoder = rerank.parse(body).encoder();
  for (const score of scores) encoder.add(Float64Array.of(score));
  return JSON.parse(encoder.body({ model: "m", promptTokens: 9, queueMs: 0, totalMs: 0 }));
}

const query = "which?";

test("answers documents in the form of Jina, best first, up to top_n", () => {
  const documents = ["a", { text: "b" }, "c"];

  expect(answer({ query, documents, top_n: 2, return_documents: true }, [0.1, 0.9, 0.5])).toEqual({
    model: "m",
    object: "list",
    results: [
      { index: 1, relevance_score: 0.9, document: { text: "b" } },
      { index: 2, relevance_score: 0.5, document: { text: "c" } },
    ],
    usage: { prompt_tokens: 9, total_tokens: 9 },
  });
});

test("answers texts in the form of text-embeddings-inference", () => {
  const texts = ["a", "b"];

  expect(answer({ query, texts }, [0.1, 0.9])).toEqual([
    { index: 1, score: 0.9 },
    { index: 0, score: 0.1 },
  ]);
  expect(answer({ query, texts, return_text: true }, [0.9, 0.1])).toEqual([
    { index: 0, score: 0.9, text: "a" },
    { index: 1, score: 0.1, text: "b" },
  ]);
});

test("documents with equal scores keep their order, and a larger top_n returns all", () => {
  const body = { query, documents: ["a", "b", "c"], top_n: 10 };

  expect(answer(body, [0.5, 0.5, 0.5])).toMatchObject({
    results: [{ index: 0 }, { index: 1 }, { index: 2 }],
  });
});

test("a raw score is the logit, and always a number", () => {
  expect(rawScore(1 / (1 + Math.exp(-3)))).toBeCloseTo(3, 9);
  expect([0, 1].map(rawScore).every(Number.isFinite)).toBe(true);
});

test("asks the worker to cut texts only if the client allows it", () => {
  expect(rerank.parse({ query, texts: ["a"], truncate: true }).request).toMatchObject({
    truncates: true,
    inputPath: "texts[]",
  });
  expect(rerank.parse({ query, documents: ["a"] }).request).toMatchObject({ truncates: false });
});

test("refuses a score that is not a number", () => {
  expect(() => answer({ query, documents: ["a"] }, [Number.NaN])).toThrow("not a number");
});
