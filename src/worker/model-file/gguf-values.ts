// Reads one value of a GGUF's header. Keeps only the data that later checks need: whole numbers, short texts and array lengths.
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

import type { ByteCursor } from "./byte-cursor.ts";
import { ModelFileError } from "./model-file-error.ts";

export type GgufValue =
  | { readonly type: "integer"; readonly number: number }
  | { readonly type: "text"; readonly text: string }
  | GgufArray
  | { readonly type: "other" };

type GgufArray = {
  readonly type: "array";
  /** Type number of the elements. */
  readonly element: number;
  readonly length: number;
  /** Elements of a short array of whole numbers, such as one number per layer; otherwise empty. */
  readonly numbers: readonly number[];
};

export const INT32 = 5;
export const FLOAT32 = 6;
const BOOL = 7;
export const STRING = 8;
const ARRAY = 9;
const FLOAT64 = 12;

type FixedType = { readonly bytes: number; readonly kind: "unsigned" | "signed" | "other" };

/** Types of a fixed size by their number. */
const FIXED_TYPES: ReadonlyMap<number, FixedType> = new Map([
  [0, { bytes: 1, kind: "unsigned" }],
  [1, { bytes: 1, kind: "signed" }],
  [2, { bytes: 2, kind: "unsigned" }],
  [3, { bytes: 2, kind: "signed" }],
  [4, { bytes: 4, kind: "unsigned" }],
  [INT32, { bytes: 4, kind: "signed" }],
  [FLOAT32, { bytes: 4, kind: "other" }],
  [BOOL, { bytes: 1, kind: "other" }],
  [10, { bytes: 8, kind: "unsigned" }],
  [11, { bytes: 8, kind: "signed" }],
  [FLOAT64, { bytes: 8, kind: "other" }],
]);

/** A vocabulary has some hundred thousand elements. The library allocates a hundred bytes for each. */
const MOST_ELEMENTS = 4_194_304;
/** A chat template has some ten thousand bytes. */
const MOST_TEXT_BYTES = 16_777_216;
const KEPT_TEXT_BYTES = 256;
const KEPT_NUMBERS = 1_024;

/** @throws ModelFileError naming the key */
export function readValue(cursor: ByteCursor, key: string): GgufValue {
  const type = cursor.u32(`the type of ${key}`);
  if (type === ARRAY) return readArray(cursor, key);
  if (type === STRING) return { type: "text", text: readText(cursor, key, KEPT_TEXT_BYTES) };
  const { bytes, kind } = fixedType(type, key);
  if (kind !== "other")
    return { type: "integer", number: cursor.integer(bytes, kind === "signed", key) };
  cursor.advance(bytes, key);
  return { type: "other" };
}

/** @returns null for any other value, or none */
export function integerOf(value: GgufValue | undefined): number | null {
  return value?.type === "integer" ? value.number : null;
}

/** Rejects arrays of arrays: no model has one, and the library would read them to any depth. */
function readArray(cursor: ByteCursor, key: string): GgufArray {
  const element = cursor.u32(`the type of ${key}`);
  const length = cursor.u64(`the length of ${key}`);
  if (length > MOST_ELEMENTS)
    throw new ModelFileError(`${key} has ${length} elements: at most ${MOST_ELEMENTS} are allowed`);
  const array = { type: "array", element, length, numbers: [] } as const;
  if (element === STRING) {
    for (let index = 0; index < length; index++) readText(cursor, `${key}[${index}]`, 0);
    return array;
  }
  const { bytes, kind } = fixedType(element, key);
  cursor.expect(bytes * length, key);
  if (kind === "other" || length > KEPT_NUMBERS) {
    cursor.advance(bytes * length, key);
    return array;
  }
  const next = () => cursor.integer(bytes, kind === "signed", key);
  return { ...array, numbers: Array.from({ length }, next) };
}

function readText(cursor: ByteCursor, what: string, mostBytes: number): string {
  const { text, bytes } = cursor.text(what, mostBytes);
  if (bytes <= MOST_TEXT_BYTES) return text;
  throw new ModelFileError(`${what} has ${bytes} bytes: at most ${MOST_TEXT_BYTES} are allowed`);
}

function fixedType(type: number, key: string): FixedType {
  const fixed = FIXED_TYPES.get(type);
  if (fixed) return fixed;
  throw new ModelFileError(
    type === ARRAY
      ? `${key} is an array of arrays, which is not supported`
      : `${key} is of type ${type}, which GGUF does not define`,
  );
}
