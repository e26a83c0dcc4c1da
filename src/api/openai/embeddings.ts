// The API of POST /v1/embeddings: turns texts or tokens into vectors of length 1.
// https://platform.openai.com/docs/api-reference/embeddings

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import type { EmbeddingAnswer, EmbeddingApi, EmbeddingEncoder } from "../embedding-api.ts";
import * as field from "../shared/field-types.ts";
import { parseBody } from "../shared/parse-body.ts";
import { OPENAI } from "./answer.ts";

const MAX_INPUTS = 2048;
const INPUT_VALUES = `must be a string, up to ${MAX_INPUTS} strings, a list of token ids, or up to ${MAX_INPUTS} such lists`;
const EMPTY_INPUT = "must not be empty: an empty text has no vector";
/** The fewest digits that distinguish any two 32-bit floats. */
const FLOAT_DIGITS = 9;

/** Fields of other servers that would change the vectors. */
const UNSUPPORTED = {
  embd_normalize: [2],
  input_type: [],
  instruction: [""],
  normalize: [true],
  pooling: [],
  prompt_name: [],
  truncate: [false],
  truncate_prompt_tokens: [],
};

type Input = string | readonly number[];
type Inputs = { readonly inputs: readonly Input[]; readonly isList: boolean };

/** Parsed by hand, because a zod union would not report which of the inputs is invalid. */
const inputField = z.unknown().transform((value, context): Inputs => {
  const refuse = (message: string, path: number[] = []): never => {
    context.addIssue({ code: "custom", path, message, input: undefined });
    return z.NEVER;
  };
  if (typeof value === "string") {
    return value === "" ? refuse(EMPTY_INPUT) : { inputs: [value], isList: false };
  }
  if (!Array.isArray(value) || value.length === 0) return refuse(INPUT_VALUES);
  if (isTokenList(value)) return { inputs: [value], isList: false };
  if (value.length > MAX_INPUTS) return refuse(`must have at most ${MAX_INPUTS} inputs`);
  const isInput = typeof value[0] === "string" ? isText : isTokenList;
  const invalid = value.findIndex((item) => !isInput(item));
  if (invalid < 0) return { inputs: value, isList: true };
  const isEmpty = value[invalid] === "" || (value[invalid] as unknown[] | null)?.length === 0;
  return refuse(isEmpty ? EMPTY_INPUT : INPUT_VALUES, [invalid]);
});

const schema = z.object({
  input: inputField
    .meta({ anyOf: field.textsOrIds(MAX_INPUTS, { minLength: 1 }, {}) })
    .describe("A text or its token ids, or several of either. None may be empty."),
  model: field.modelId,
  encoding_format: field
    .defaulted(z.enum(["float", "base64"]), "float")
    .describe("float: numbers. base64: the bytes of little-endian 32-bit floats."),
  dimensions: field.count("Number of dimensions to return, scaled to length 1. Default: all."),
});

export const embeddingUsage = z.strictObject({
  prompt_tokens: z.int().min(0),
  total_tokens: z.int().min(0),
});

/** Numbers; or, with `encoding_format: "base64"`, the bytes of 32-bit floats. */
const vector = z.union([z.array(z.number()), z.base64()]);

const embeddingList = z.strictObject({
  object: z.literal("list"),
  data: z.array(
    z.strictObject({ object: z.literal("embedding"), index: z.int().min(0), embedding: vector }),
  ),
  model: z.string(),
  usage: embeddingUsage,
});

export const openaiEmbeddings: EmbeddingApi = {
  paths: ["/v1/embeddings"],

  contract: {
    name: "Embeddings",
    tag: OPENAI,
    summary: "Turns texts into vectors",
    body: schema,
    unsupported: UNSUPPORTED,
    example: { input: ["The cat sat on the mat.", "Paris is the capital of France."] },
    answer: embeddingList,
    codes: ["context_length_exceeded"],
  },

  parse(body) {
    const { fields, ignoredParams } = parseBody(schema, body, { unsupported: UNSUPPORTED });
    const dimensions = fields.dimensions ?? null;
    const encode = fields.encoding_format === "base64" ? encodeBase64 : encodeFloats;
    return {
      request: {
        type: "embed",
        inputPath: fields.input.isList ? "input[]" : "input",
        inputs: fields.input.inputs,
        dimensions,
        truncates: false,
      },
      model: fields.model ?? null,
      ignoredParams,
      encoder: () => resultEncoder((values) => encode(unitVector(values, dimensions)), encodeList),
    };
  },
};

/** Encodes each result when it arrives: encoding thousands at the end would block every stream. */
export function resultEncoder<T>(
  encode: (values: Float64Array) => T,
  encodeBody: (results: readonly T[], answer: EmbeddingAnswer) => string,
): EmbeddingEncoder {
  const results: T[] = [];
  return {
    add: (values) => void results.push(encode(values)),
    body: (answer) => encodeBody(results, answer),
  };
}

function encodeList(vectors: readonly string[], { model, promptTokens }: EmbeddingAnswer): string {
  const usage = { prompt_tokens: promptTokens, total_tokens: promptTokens };
  const items = vectors.map(
    (vector, index) => `{"object":"embedding","index":${index},"embedding":${vector}}`,
  );
  return `{"object":"list","data":[${items.join(",")}],"model":${JSON.stringify(model)},"usage":${JSON.stringify(usage)}}`;
}

/** The first `dimensions` numbers, scaled to length 1, as 32-bit floats. @throws ServiceError `generation_failed` */
export function unitVector(values: Float64Array, dimensions: number | null): Float32Array {
  const kept = values.subarray(0, dimensions ?? values.length);
  const length = Math.sqrt(kept.reduce((sum, value) => sum + value * value, 0));
  if (!Number.isFinite(length)) {
    throw new ServiceError("generation_failed", "the model computed a vector that is not finite");
  }
  return Float32Array.from(kept, (value) => (length === 0 ? 0 : value / length));
}

export function encodeFloats(vector: Float32Array): string {
  return `[${Array.from(vector, (value) => Number(value.toPrecision(FLOAT_DIGITS))).join(",")}]`;
}

/** Always little-endian, because OpenAI's clients expect that. */
export function encodeBase64(vector: Float32Array): string {
  const bytes = Buffer.alloc(4 * vector.length);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, 4 * index);
  return `"${bytes.toString("base64")}"`;
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function isTokenList(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((id) => Number.isSafeInteger(id) && id >= 0)
  );
}
