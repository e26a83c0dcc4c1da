// The APIs of POST /api/embed and the older POST /api/embeddings. https://docs.ollama.com/api/embed

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import type { EmbeddingAnswer, EmbeddingApi } from "../embedding-api.ts";
import { encodeFloats, resultEncoder, unitVector } from "../openai/embeddings.ts";
import * as field from "../shared/field-types.ts";
import { parseBody } from "../shared/parse-body.ts";
import { OLLAMA } from "./answer.ts";
import { inNs } from "./encoder.ts";
import { keepAlive, modelName } from "./fields.ts";

const MAX_INPUTS = 2048;
const text = z.string().min(1, "must not be empty: an empty text has no vector");

const common = {
  model: modelName,
  keep_alive: keepAlive,
  options: field.withoutEffect(z.record(z.string(), z.unknown()), "Ignored."),
};

const schema = z.object({
  ...common,
  input: z
    .union([text, z.array(text).min(1).max(MAX_INPUTS)], {
      error: `must be a string or a list of up to ${MAX_INPUTS} strings, none of them empty`,
    })
    .describe("A text, or a list of texts."),
  truncate: field.on("Whether to cut an input that is too long, instead of refusing it."),
  dimensions: field.count("Length of the vectors: their first numbers, scaled to length 1."),
});

const olderSchema = z.object({ ...common, prompt: text.describe("The text.") });

const vector = z.array(z.number());
const count = z.int().min(0);

const answer = z.strictObject({
  model: z.string(),
  embeddings: z.array(vector),
  total_duration: count,
  load_duration: count,
  prompt_eval_count: count,
});

export const ollamaEmbed: EmbeddingApi = {
  paths: ["/api/embed"],

  contract: {
    name: "OllamaEmbedding",
    tag: OLLAMA,
    summary: "Turns texts into vectors",
    body: schema,
    unsupported: {},
    example: {
      model: "builtin",
      input: ["The cat sat on the mat.", "Paris is the capital of France."],
    },
    answer,
    codes: ["context_length_exceeded"],
  },

  parse(body) {
    const { fields, ignoredParams } = parseBody(schema, body);
    const dimensions = fields.dimensions ?? null;
    return {
      request: {
        type: "embed",
        inputPath: typeof fields.input === "string" ? "input" : "input[]",
        inputs: [fields.input].flat(),
        dimensions,
        truncates: fields.truncate,
      },
      model: fields.model,
      ignoredParams,
      encoder: () =>
        resultEncoder((values) => encodeFloats(unitVector(values, dimensions)), encodeAnswer),
    };
  },
};

export const olderOllamaEmbeddings: EmbeddingApi = {
  paths: ["/api/embeddings"],

  contract: {
    name: "OlderOllamaEmbedding",
    tag: OLLAMA,
    summary: "Turns one text into a vector that is not scaled to length 1",
    body: olderSchema,
    unsupported: {},
    example: { model: "builtin", prompt: "The cat sat on the mat." },
    answer: z.strictObject({ embedding: vector }),
    codes: ["context_length_exceeded"],
  },

  parse(body) {
    const { fields, ignoredParams } = parseBody(olderSchema, body);
    return {
      request: {
        type: "embed",
        inputPath: "prompt",
        inputs: [fields.prompt],
        dimensions: null,
        truncates: true,
      },
      model: fields.model,
      ignoredParams,
      encoder: () =>
        resultEncoder(
          (values) => encodeFloats(finiteVector(values)),
          ([embedding = "[]"]) => `{"embedding":${embedding}}`,
        ),
    };
  },
};

function encodeAnswer(vectors: readonly string[], answer: EmbeddingAnswer): string {
  const { model, promptTokens, queueMs, totalMs } = answer;
  const rest = JSON.stringify({
    total_duration: inNs(totalMs),
    load_duration: inNs(queueMs),
    prompt_eval_count: promptTokens,
  });
  return `{"model":${JSON.stringify(model)},"embeddings":[${vectors.join(",")}],${rest.slice(1)}`;
}

/** @throws ServiceError `generation_failed` */
function finiteVector(values: Float64Array): Float32Array {
  if (values.every(Number.isFinite)) return Float32Array.from(values);
  throw new ServiceError("generation_failed", "the model computed a vector that is not finite");
}
