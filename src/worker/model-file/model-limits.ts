// Checks the sizes in a model's metadata before the library computes with them: a wrong 0 would end the process without an
// error message.

import type { GgufHeader } from "./gguf-header.ts";
import { FLOAT32, INT32, STRING } from "./gguf-types.ts";
import type { GgufValue } from "./gguf-values.ts";
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
  const keyOf = (name: string) => `${architecture}.${name}`;
  const isRecurrent = [...values.keys()].some(
    (key) => key.startsWith(architecture) && RECURRENT.some((part) => key.includes(part)),
  );
  for (const [name, range] of Object.entries(RANGES)) {
    const value = values.get(keyOf(name));
    const isOfExperts = values.has(keyOf(`expert_${name}`)); // expert layers have their own length
    const mayBeZero = isOfExperts || (isRecurrent && MAY_BE_ZERO.includes(name));
    const least = mayBeZero ? 0 : range.least;
    if (value) checkRange(keyOf(name), value, { ...range, least });
  }
  checkBlocks(keyOf("block_count"), values, tensorCount);
  checkHeads(keyOf, values);
  checkWidth(keyOf, { values, tensors });
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

type Values = GgufHeader["values"];

/** Each layer has at least one tensor. */
function checkBlocks(key: string, values: Values, tensorCount: number): void {
  const blocks = integerOf(values, key) ?? 0;
  if (blocks <= tensorCount) return;
  throw new ModelFileError(`${key} is ${blocks}, but the model has only ${tensorCount} tensors`);
}

function checkHeads(keyOf: (name: string) => string, values: Values): void {
  const heads = integerOf(values, keyOf("attention.head_count"));
  const shared = integerOf(values, keyOf("attention.head_count_kv"));
  const width = integerOf(values, keyOf("embedding_length"));
  if (heads === null) return;
  if (shared !== null && shared > 0 && heads % shared !== 0)
    throw new ModelFileError(
      `${keyOf("attention.head_count_kv")} is ${shared}: it must divide ${keyOf("attention.head_count")}, which is ${heads}`,
    );
  const hasLength = values.has(keyOf("attention.key_length"));
  if (width !== null && heads > width && !hasLength)
    throw new ModelFileError(
      `${keyOf("attention.head_count")} is ${heads}, more than ${keyOf("embedding_length")}, which is ${width}`,
    );
}

/** The two widths may differ only in audio models, which have the key `features_length`. */
function checkWidth(
  keyOf: (name: string) => string,
  { values, tensors: { tokenEmbedding } }: Pick<GgufHeader, "values" | "tensors">,
): void {
  const width = integerOf(values, keyOf("embedding_length"));
  if (width === null || !tokenEmbedding || values.has(keyOf("features_length"))) return;
  if (width === tokenEmbedding.width) return;
  throw new ModelFileError(
    `${keyOf("embedding_length")} is ${width}, but the tensor token_embd.weight has ${tokenEmbedding.width} numbers per token`,
  );
}

const TOKENS = "tokenizer.ggml.tokens";
/** The library reads one element of these lists per token, without checking their length. */
const PER_TOKEN = [
  { key: "tokenizer.ggml.scores", element: FLOAT32 },
  { key: "tokenizer.ggml.token_type", element: INT32 },
];

function checkVocabulary(values: Values): void {
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

function integerOf(values: Values, key: string): number | null {
  const value = values.get(key);
  return value?.type === "integer" ? value.number : null;
}
