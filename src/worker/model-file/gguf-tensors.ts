// Reads the tensor descriptions of a GGUF, and checks their shapes and types, and that their data is inside the file.

import type { ByteCursor } from "./byte-cursor.ts";
import { type Block, TENSOR_BLOCKS } from "./gguf-types.ts";
import { ModelFileError, PRINTABLE } from "./model-file-error.ts";

export type GgufTensors = {
  readonly count: number;
  /** Size of a token's vector, and number of tokens; null in a file without that tensor. */
  readonly tokenEmbedding: { readonly width: number; readonly tokens: number } | null;
};

type TensorOptions = { readonly count: number; readonly alignment: number };
type Tensor = { readonly name: string; readonly offset: number; readonly bytes: number };

const TOKEN_EMBEDDING = "token_embd.weight";
/** The limits of ggml. */
const MOST_DIMENSIONS = 4;
const LONGEST_NAME = 63;

/** @param cursor at the first description. @throws ModelFileError naming the tensor */
export function readTensors(cursor: ByteCursor, { count, alignment }: TensorOptions): GgufTensors {
  let tokenEmbedding: GgufTensors["tokenEmbedding"] = null;
  let last: Tensor | null = null;
  for (let index = 0; index < count; index++) {
    const { text: name, bytes } = cursor.text(`the name of tensor ${index + 1}`, LONGEST_NAME);
    if (bytes > LONGEST_NAME || !PRINTABLE.test(name))
      throw new ModelFileError(
        `tensor ${index + 1} must have a name of up to ${LONGEST_NAME} printable characters`,
      );
    const shape = readShape(cursor, name);
    const tensor = readPlace(cursor, { name, shape, alignment });
    if (!last || tensor.offset + tensor.bytes > last.offset + last.bytes) last = tensor;
    if (name === TOKEN_EMBEDDING) tokenEmbedding = { width: shape[0] ?? 0, tokens: shape[1] ?? 1 };
  }
  if (last) checkEnd(cursor, last, alignment);
  return { count, tokenEmbedding };
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

type Described = {
  readonly name: string;
  readonly shape: readonly number[];
  readonly alignment: number;
};

function readPlace(cursor: ByteCursor, { name, shape, alignment }: Described): Tensor {
  const type = cursor.u32(`the type of ${name}`);
  const block = TENSOR_BLOCKS.get(type);
  if (!block) throw new ModelFileError(`${name} is of type ${type}, which is not supported`);
  const [row = 0] = shape;
  if (row % block.numbers !== 0)
    throw new ModelFileError(
      `${name} has rows of ${row} numbers, but its type ${type} stores them in blocks of ${block.numbers}`,
    );
  const offset = cursor.u64(`the place of ${name}`);
  if (offset % alignment !== 0)
    throw new ModelFileError(
      `${name} is at offset ${offset}, which is not a multiple of ${alignment}`,
    );
  return { name, offset, bytes: bytesIn(shape, block) };
}

function bytesIn(shape: readonly number[], { numbers, bytes }: Block): number {
  return (productOf(shape) / numbers) * bytes;
}

function productOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** @param cursor after the last description */
function checkEnd(cursor: ByteCursor, { name, offset, bytes }: Tensor, alignment: number): void {
  const begin = Math.ceil(cursor.position / alignment) * alignment;
  const size = cursor.position + cursor.left;
  const end = begin + offset + bytes;
  if (end <= size) return;
  throw new ModelFileError(
    `${name} ends at byte ${end}, but the file has ${size}: it is truncated (was its download finished?) or damaged`,
  );
}
