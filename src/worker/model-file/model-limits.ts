// Checks the sizes in a model's metadata before the library computes with them: a wrong 0 would end the process without an
// error message.

import type { GgufHeader } from "./gguf-header.ts";
import { FLOAT32, type GgufValue, INT32, integerOf, STRING } from "./gguf-values.ts";
import { ModelFileError, PRINTABLE } from "./model-file-error.ts";

type Range = { readonly least: number; readonly most: number };

/** Keyed by the part of the key after the architecture's name. Real models are far below the upper limits. */
const RANGES: Readonly<Record<string, Range>> = {
  block_count: { least: 1, most: 512 },
  context_length: { least: 1, most: 1_073_741_824 },
  embedding_length: { least: 1, most: 1_048_576 },
  feed_forward_length: { least: 1, most: 16_777_216 },
  "attention.head_count": { least: 1, most: 65_536 },
  "attention.head_count_kv": { least: 1, most: 65_536 },
  "attention.key_length": { least: 1, most: 65_536 },
  "attention.value_length": { least: 1, most: 65_536 },
  pooling_type: { least: 0, most: 4 },
};
/** 0 in models without attention, or without attention in some layers. */
const MAY_BE_ZERO = ["feed_forward_length", "attention.head_count", "attention.head_count_kv"];
const RECURRENT = [".ssm.", ".wkv.", ".shortconv.", ".kda."];

/** @param tensorCount in all files of the model. @throws ModelFileError naming the key, its value and the allowed range */
export function checkLimits({ values, tensors }: GgufHeader, tensorCount: number): void {
  const architecture = architectureOf(values.get("general.architecture"));
  const isRecurrent = [...values.keys()].some(
    (key) => key.startsWith(architecture) && RECURRENT.some((part) => key.includes(part)),
  );
  for (const [name, range] of Object.entries(RANGES)) {
    const key = `${architecture}.${name}`;
    const value = values.get(key);
    const isOfExperts = values.has(`${architecture}.expert_${name}`); // expert layers have their own length
    const mayBeZero = isOfExperts || (isRecurrent && MAY_BE_ZERO.includes(name));
    if (value) checkRange(key, value, { ...range, least: mayBeZero ? 0 : range.least });
  }
  checkRelations(architecture, { values, tensors }, tensorCount);
  checkVocabulary(values);
}

function architectureOf(value: GgufValue | undefined): string {
  if (value?.type === "text" && PRINTABLE.test(value.text)) return value.text;
  throw new ModelFileError(
    "general.architecture must be the name of an architecture, in printable characters",
  );
}

/** A list has one number per layer; some of them may be 0. */
function checkRange(key: string, value: GgufValue, { least, most }: Range): void {
  const allowed = `${least} to ${most} are allowed`;
  if (value.type === "integer") {
    if (value.number >= least && value.number <= most) return;
    throw new ModelFileError(`${key} is ${value.number}: ${allowed}`);
  }
  const numbers = value.type === "array" ? value.numbers : [];
  if (numbers.length === 0) throw new ModelFileError(`${key} is not a whole number: ${allowed}`);
  const wrong = numbers.find((number) => number < 0 || number > most);
  if (wrong !== undefined) throw new ModelFileError(`${key} contains ${wrong}: ${allowed}`);
  if (Math.max(...numbers) < least) throw new ModelFileError(`${key} contains only 0: ${allowed}`);
}

/** Checks sizes that depend on each other. */
function checkRelations(
  architecture: string,
  { values, tensors: { embeddingLength } }: GgufHeader,
  tensorCount: number,
): void {
  const has = (name: string) => values.has(`${architecture}.${name}`);
  const sizeOf = (name: string) => {
    const key = `${architecture}.${name}`;
    return { key, number: integerOf(values.get(key)) };
  };
  const blocks = sizeOf("block_count");
  const heads = sizeOf("attention.head_count");
  const shared = sizeOf("attention.head_count_kv");
  const width = sizeOf("embedding_length");
  // Each layer has at least one tensor.
  if ((blocks.number ?? 0) > tensorCount)
    throw new ModelFileError(
      `${blocks.key} is ${blocks.number}, but the model has only ${tensorCount} tensors`,
    );
  if (heads.number !== null && shared.number && heads.number % shared.number !== 0)
    throw new ModelFileError(
      `${shared.key} is ${shared.number}: it must divide ${heads.key}, which is ${heads.number}`,
    );
  if (width.number === null) return;
  if ((heads.number ?? 0) > width.number && !has("attention.key_length"))
    throw new ModelFileError(
      `${heads.key} is ${heads.number}, more than ${width.key}, which is ${width.number}`,
    );
  // These two may differ only in audio models, which have the key `features_length`.
  if (embeddingLength !== null && embeddingLength !== width.number && !has("features_length"))
    throw new ModelFileError(
      `${width.key} is ${width.number}, but the tensor token_embd.weight has ${embeddingLength} numbers per token`,
    );
}

const TOKENS = "tokenizer.ggml.tokens";
/** The library reads one element of these lists per token, without checking their length. */
const PER_TOKEN = [
  { key: "tokenizer.ggml.scores", element: FLOAT32 },
  { key: "tokenizer.ggml.token_type", element: INT32 },
];

function checkVocabulary(values: GgufHeader["values"]): void {
  const tokens = values.get(TOKENS);
  if (!tokens) return;
  if (tokens.type !== "array" || tokens.element !== STRING || tokens.length === 0)
    throw new ModelFileError(`${TOKENS} is not a list of texts`);
  for (const { key, element } of PER_TOKEN) {
    const value = values.get(key);
    if (!value) continue;
    const isRight = value.type === "array" && value.element === element;
    if (!isRight || value.length < tokens.length)
      throw new ModelFileError(`${key} is not a list of ${tokens.length} numbers, one per token`);
  }
}
