// What a GGUF says of its tensors: shapes and types that there are, and places within the file.

import type { ByteCursor } from "./byte-cursor.ts";
import { type Block, TENSOR_BLOCKS } from "./gguf-types.ts";
import { ModelFileError, PRINTABLE } from "./model-file-error.ts";

export type GgufTensors = {
  readonly count: number;
  /** Numbers of one token's vector, and how many tokens there are; null in a file without that tensor. */
  readonly tokenEmbedding: { readonly width: number; readonly tokens: number } | null;
};

type TensorOptions = { readonly count: number; readonly alignment: number };
type Tensor = { readonly name: string; readonly offset: number; readonly bytes: number };

const TOKEN_EMBEDDING = "token_embd.weight";
/** As ggml has them. */
const MOST_DIMENSIONS = 4;
const LONGEST_NAME = 63;

/** @param cursor where the first is described. @throws ModelFileError naming the tensor */
export function readTensors(cursor: ByteCursor, { count, alignment }: TensorOptions): GgufTensors {
  let tokenEmbedding: GgufTensors["tokenEmbedding"] = null;
  let last: Tensor | null = null;
  for (let index = 0; index < count; index++) {
    const { text: name, bytes } = cursor.text(`the name of tensor ${index + 1}`, LONGEST_NAME);
    if (bytes > LONGEST_NAME || !PRINTABLE.test(name))
      throw new ModelFileError(
        `tensor ${index + 1} has no name of up to ${LONGEST_NAME} printable characters`,
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
  throw new ModelFileError(`${name} has the shape ${shape.join(" x ")}, which no tensor has`);
}

type Described = {
  readonly name: string;
  readonly shape: readonly number[];
  readonly alignment: number;
};

function readPlace(cursor: ByteCursor, { name, shape, alignment }: Described): Tensor {
  const type = cursor.u32(`the type of ${name}`);
  const block = TENSOR_BLOCKS.get(type);
  if (!block) throw new ModelFileError(`${name} is of type ${type}, which is not known here`);
  const [row = 0] = shape;
  if (row % block.numbers !== 0)
    throw new ModelFileError(
      `${name} has rows of ${row} numbers: its type ${type} has them in blocks of ${block.numbers}`,
    );
  const offset = cursor.u64(`the place of ${name}`);
  if (offset % alignment !== 0)
    throw new ModelFileError(`${name} is at ${offset}, which is no multiple of ${alignment}`);
  return { name, offset, bytes: bytesIn(shape, block) };
}

function bytesIn(shape: readonly number[], { numbers, bytes }: Block): number {
  return (productOf(shape) / numbers) * bytes;
}

function productOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** @param cursor behind all that describes tensors */
function checkEnd(cursor: ByteCursor, { name, offset, bytes }: Tensor, alignment: number): void {
  const begin = Math.ceil(cursor.position / alignment) * alignment;
  const size = cursor.position + cursor.left;
  const end = begin + offset + bytes;
  if (end <= size) return;
  throw new ModelFileError(
    `${name} ends at byte ${end}, and the file has ${size}: it is cut (was its download finished?), or not right`,
  );
}
