import { expect, test } from "vitest";
import {
  encodeBase64,
  encodeFloats,
  openaiEmbeddings,
  unitVector,
} from "../../../../src/api/openai/embeddings.ts";

function parse(body: object) {
  return openaiEmbeddings.parse(body);
}

test.each([
  ["a string", "Hi", ["Hi"], false],
  ["strings", ["Hi", "there"], ["Hi", "there"], true],
  ["one string in a list", ["Hi"], ["Hi"], true],
  ["token ids", [1, 2, 3], [[1, 2, 3]], false],
  ["lists of token ids", [[1, 2], [3]], [[1, 2], [3]], true],
])("takes %s", (_name, input, inputs, isList) => {
  expect(parse({ input }).request).toMatchObject({
    inputs,
    inputPath: isList ? "input[]" : "input",
  });
});

test("treats null as absent in optional fields, and lists unknown fields", () => {
  const { request, model, ignoredParams } = parse({
    input: "Hi",
    model: null,
    dimensions: null,
    encoding_format: null,
    user: "me",
    pooling: null,
    foo: 1,
  });

  expect(request).toMatchObject({ dimensions: null });
  expect(model).toBeNull();
  expect(ignoredParams).toEqual(["foo"]);
});

test("scales a vector to length 1, whole or cut", () => {
  const values = Float64Array.of(3, 4, 12);

  expect([...unitVector(values, 2)]).toEqual([0.6, 0.8].map(Math.fround));
  expect(Math.hypot(...unitVector(values, null))).toBeCloseTo(1, 6);
});

test("keeps a vector of zeros, and refuses one that is not finite", () => {
  expect([...unitVector(Float64Array.of(0, 0), null)]).toEqual([0, 0]);
  expect(() => unitVector(Float64Array.of(1, Number.NaN), null)).toThrow("not finite");
});

test("writes enough digits to distinguish any two floats", () => {
  const vector = Float32Array.from({ length: 5_000 }, (_, i) => Math.sin(i) * 10 ** -(i % 30));

  const read = JSON.parse(encodeFloats(vector)) as number[];

  expect(Float32Array.from(read)).toEqual(vector);
});

test("base64 holds little-endian 32-bit floats", () => {
  const vector = Float32Array.of(1, -0.5);

  expect(encodeBase64(vector)).toBe('"AACAPwAAAL8="');
});

test("an answer has OpenAI's shape", () => {
  const encoder = parse({ input: ["a", "b"] }).encoder();
  encoder.add(Float64Array.of(2, 0));
  encoder.add(Float64Array.of(0, 2));

  expect(
    JSON.parse(encoder.body({ model: 'a "model"', promptTokens: 5, queueMs: 0, totalMs: 0 })),
  ).toEqual({
    object: "list",
    data: [
      { object: "embedding", index: 0, embedding: [1, 0] },
      { object: "embedding", index: 1, embedding: [0, 1] },
    ],
    model: 'a "model"',
    usage: { prompt_tokens: 5, total_tokens: 5 },
  });
});
