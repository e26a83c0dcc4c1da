// The official client as the judge of embeddings. By default it requests base64 and decodes it.

import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningService, startWithModel } from "../support/start-service.ts";

let running: RunningService;
let client: OpenAI;
beforeAll(async () => {
  running = await startWithModel({ threads: 1, alias: ["text-embedding-3-small"] });
  client = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: "none", maxRetries: 0 });
});
afterAll(async () => running.close());

const model = "text-embedding-3-small";

test("creates an embedding of a string", async () => {
  const { data, usage, ...answer } = await client.embeddings.create({ model, input: "Hello" });

  expect(answer).toMatchObject({ object: "list", model });
  expect(data[0]?.embedding).toHaveLength(256);
  expect(data[0]?.embedding.every(Number.isFinite)).toBe(true);
  expect(usage.total_tokens).toBeGreaterThan(0);
});

test("the decoded base64 equals the floats", async () => {
  const input = ["Hello", "Paris is the capital of France."];

  const decoded = await client.embeddings.create({ model, input });
  const floats = await client.embeddings.create({ model, input, encoding_format: "float" });

  const rounded = floats.data.map(({ embedding }) => embedding.map(Math.fround));
  expect(decoded.data.map(({ embedding }) => Array.from(embedding))).toEqual(rounded);
});

test("takes token ids and dimensions", async () => {
  const { data } = await client.embeddings.create({ model, input: [[1, 2], [3]], dimensions: 16 });

  expect(data.map(({ embedding }) => embedding.length)).toEqual([16, 16]);
});

test("errors are the SDK's own error classes", async () => {
  const wide = client.embeddings.create({ model, input: "a", dimensions: 9999 });

  await expect(wide).rejects.toThrow(OpenAI.BadRequestError);
  await expect(wide).rejects.toMatchObject({ param: "dimensions" });
  const empty = client.embeddings.create({ model, input: ["a", ""] }); // created only here, because it fails at once
  await expect(empty).rejects.toMatchObject({ param: "input[1]", code: "invalid_value" });
});
