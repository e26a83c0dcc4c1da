// The types of a GGUF's header values, and those tensor types that the pinned library supports.
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

export const INT32 = 5;
export const FLOAT32 = 6;
const BOOL = 7;
export const STRING = 8;
export const ARRAY = 9;
const FLOAT64 = 12;

export type IntegerType = { readonly bytes: number; readonly isSigned: boolean };

/** Integer types by their id. */
export const INTEGERS: ReadonlyMap<number, IntegerType> = new Map([
  [0, { bytes: 1, isSigned: false }],
  [1, { bytes: 1, isSigned: true }],
  [2, { bytes: 2, isSigned: false }],
  [3, { bytes: 2, isSigned: true }],
  [4, { bytes: 4, isSigned: false }],
  [5, { bytes: 4, isSigned: true }],
  [10, { bytes: 8, isSigned: false }],
  [11, { bytes: 8, isSigned: true }],
]);

/** Bytes of one value of each type with a fixed size: integers, 4- and 8-byte floats, and booleans. */
export const VALUE_BYTES: ReadonlyMap<number, number> = new Map([
  ...[...INTEGERS].map(([type, { bytes }]) => [type, bytes] as const),
  [FLOAT32, 4],
  [BOOL, 1],
  [FLOAT64, 8],
]);

/** How many numbers a block of a tensor holds, and its size in bytes. */
export type Block = { readonly numbers: number; readonly bytes: number };

const one = (bytes: number): Block => ({ numbers: 1, bytes });
const of32 = (bytes: number): Block => ({ numbers: 32, bytes });
const of256 = (bytes: number): Block => ({ numbers: 256, bytes });

/** Blocks by the number of the `ggml_type`. The gaps are types that llama.cpp has removed. */
export const TENSOR_BLOCKS: ReadonlyMap<number, Block> = new Map([
  [0, one(4)],
  [1, one(2)],
  [2, of32(18)],
  [3, of32(20)],
  [6, of32(22)],
  [7, of32(24)],
  [8, of32(34)],
  [9, of32(36)],
  [10, of256(84)],
  [11, of256(110)],
  [12, of256(144)],
  [13, of256(176)],
  [14, of256(210)],
  [15, of256(292)],
  [16, of256(66)],
  [17, of256(74)],
  [18, of256(98)],
  [19, of256(50)],
  [20, of32(18)],
  [21, of256(110)],
  [22, of256(82)],
  [23, of256(136)],
  [24, one(1)],
  [25, one(2)],
  [26, one(4)],
  [27, one(8)],
  [28, one(8)],
  [29, of256(56)],
  [30, one(2)],
  [34, of256(54)],
  [35, of256(66)],
  [39, of32(17)],
  [40, { numbers: 64, bytes: 36 }],
  [41, { numbers: 128, bytes: 18 }],
  [42, { numbers: 64, bytes: 18 }],
]);
