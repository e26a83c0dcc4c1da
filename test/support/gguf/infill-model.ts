// Copies a GGUF and names tokens for filling in the middle, which the built-in model lacks.
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

import { readFile, writeFile } from "node:fs/promises";

export type InfillTokens = {
  readonly prefix: number;
  readonly suffix: number;
  readonly middle: number;
};

const UINT32 = 4;
const STRING = 8;
/** Offset of the number of metadata entries, after magic, version and number of tensors. The entries follow it. */
const COUNT_AT = 16;
const ENTRIES_AT = 24;
/** Tensor data begins at a multiple of this. */
const ALIGNMENT = 32;

export async function writeInfillModel(
  from: string,
  to: string,
  { prefix, suffix, middle }: InfillTokens,
): Promise<void> {
  const model = await readFile(from);
  const entries = [
    entry("tokenizer.ggml.fim_pre_token_id", UINT32, uint32(prefix)),
    entry("tokenizer.ggml.fim_suf_token_id", UINT32, uint32(suffix)),
    entry("tokenizer.ggml.fim_mid_token_id", UINT32, uint32(middle)),
  ];
  // The order of entries is free, so new ones come first; a padding entry keeps the data aligned.
  const length = Buffer.concat([...entries, filler(0)]).length;
  entries.push(filler((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT));
  const count = model.readBigUInt64LE(COUNT_AT);
  model.writeBigUInt64LE(count + BigInt(entries.length), COUNT_AT);
  const [head, rest] = [model.subarray(0, ENTRIES_AT), model.subarray(ENTRIES_AT)];
  await writeFile(to, Buffer.concat([head, ...entries, rest]));
}

function filler(length: number): Buffer {
  return entry("test.filler", STRING, text("x".repeat(length)));
}

function entry(key: string, type: number, value: Buffer): Buffer {
  return Buffer.concat([text(key), uint32(type), value]);
}

function text(value: string): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(value)));
  return Buffer.concat([length, Buffer.from(value)]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
