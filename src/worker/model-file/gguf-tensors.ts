// Reads the tensor descriptions of a GGUF, and checks their shapes and types, and that their data is inside the file.

import type { ByteCursor } from "./byte-cursor.ts";
import { ModelFileError, PRINTABLE } from "./model-file-error.ts";

export type GgufTensors = {
  readonly count: number;
  /** Numbers per token in the tensor `token_embd.weight`; null in a file without it. */
  readonly embeddingLength: number | null;
};

/** How many numbers a block of a tensor holds, and its size in bytes. */
type Block = { readonly numbers: number; readonly bytes: number };

const blocksOf = (numbers: number, bytesOfTypes: Readonly<Record<number, number>>) =>
  Object.entries(bytesOfTypes).map(([type, bytes]): [number, Block] => [
    Number(type),
    { numbers, bytes },
  ]);

/** Blocks by the number of the `ggml_type`, for all types that the pinned library supports. llama.cpp has removed the others. */
export const TENSOR_BLOCKS: ReadonlyMap<number, Block> = new Map([
  ...blocksOf(1, { 0: 4, 1: 2, 24: 1, 25: 2, 26: 4, 27: 8, 28: 8, 30: 2 }),
  ...blocksOf(32, { 2: 18, 3: 20, 6: 22, 7: 24, 8: 34, 9: 36, 20: 18, 39: 17 }),
  ...blocksOf(64, { 40: 36, 42: 18 }),
  ...blocksOf(128, { 41: 18 }),
  ...blocksOf(256, { 10: 84, 11: 110, 12: 144, 13: 176, 14: 210, 15: 292, 16: 66, 17: 74 }),
  ...blocksOf(256, { 18: 98, 19: 50, 21: 110, 22: 82, 23: 136, 29: 56, 34: 54, 35: 66 }),
]);

/** The limits of ggml. */
const MOST_DIMENSIONS = 4;
const LONGEST_NAME = 63;

type TensorOptions = { readonly count: number; readonly alignment: number };

/** @param cursor at the first description. @throws ModelFileError naming the tensor */
export function readTensors(cursor: ByteCursor, { count, alignment }: TensorOptions): GgufTensors {
  let embeddingLength: number | null = null;
  let last = { name: "", end: 0 };
  for (let index = 0; index < count; index++) {
    const name = readName(cursor, index);
    const shape = readShape(cursor, name);
    const bytes = readBytes(cursor, name, shape);
    const offset = cursor.u64(`the place of ${name}`);
    if (offset % alignment !== 0)
      throw new ModelFileError(
        `${name} is at offset ${offset}, which is not a multiple of ${alignment}`,
      );
    if (offset + bytes > last.end) last = { name, end: offset + bytes };
    if (name === "token_embd.weight") embeddingLength = shape[0] ?? 0;
  }
  const end = Math.ceil(cursor.position / alignment) * alignment + last.end;
  const size = cursor.position + cursor.left;
  if (end <= size || count === 0) return { count, embeddingLength };
  throw new ModelFileError(
    `${last.name} ends at byte ${end}, but the file has ${size}: it is truncated (was its download finished?) or damaged`,
  );
}

function readName(cursor: ByteCursor, index: number): string {
  const { text, bytes } = cursor.text(`the name of tensor ${index + 1}`, LONGEST_NAME);
  if (bytes <= LONGEST_NAME && PRINTABLE.test(text)) return text;
  throw new ModelFileError(
    `tensor ${index + 1} must have a name of up to ${LONGEST_NAME} printable characters`,
  );
}

function readShape(cursor: ByteCursor, name: string): readonly number[] {
  const what = `the shape of ${name}`;
  const dimensions = cursor.u32(what);
  if (dimensions < 1 || dimensions > MOST_DIMENSIONS)
    throw new ModelFileError(
      `${name} has ${dimensions} dimensions: 1 to ${MOST_DIMENSIONS} are allowed`,
    );
  const shape = Array.from({ length: dimensions }, () => cursor.u64(what));
  if (shape.every((length) => length >= 1) && Number.isSafeInteger(productOf(shape))) return shape;
  throw new ModelFileError(
    `${name} has the shape ${shape.join(" x ")}: each length must be at least 1, and their product less than 2^53`,
  );
}

/** Reads a tensor's type. @returns the size of its data */
function readBytes(cursor: ByteCursor, name: string, shape: readonly number[]): number {
  const type = cursor.u32(`the type of ${name}`);
  const block = TENSOR_BLOCKS.get(type);
  if (!block) throw new ModelFileError(`${name} is of type ${type}, which is not supported`);
  const [row = 0] = shape;
  if (row % block.numbers === 0) return (productOf(shape) / block.numbers) * block.bytes;
  throw new ModelFileError(
    `${name} has rows of ${row} numbers, but its type ${type} stores them in blocks of ${block.numbers}`,
  );
}

function productOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
