// Reads one value of a GGUF's header. Keeps only the data that later checks need: whole numbers, short texts and array lengths.

import type { ByteCursor } from "./byte-cursor.ts";
import { ARRAY, INTEGERS, STRING, VALUE_BYTES } from "./gguf-types.ts";
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
  const integer = INTEGERS.get(type);
  if (integer) {
    const { bytes, isSigned } = integer;
    return { type: "integer", number: cursor.integer(bytes, isSigned, key) };
  }
  cursor.skip(bytesOf(type, key), key);
  return { type: "other" };
}

function readArray(cursor: ByteCursor, key: string): GgufArray {
  const element = cursor.u32(`the type of ${key}`);
  const length = cursor.u64(`the length of ${key}`);
  if (length > MOST_ELEMENTS)
    throw new ModelFileError(`${key} has ${length} elements: at most ${MOST_ELEMENTS} are allowed`);
  if (element !== STRING) return readNumbers(cursor, { key, element, length });
  for (let index = 0; index < length; index++) readText(cursor, `${key}[${index}]`, 0);
  return { type: "array", element, length, numbers: [] };
}

type NumberArray = { readonly key: string; readonly element: number; readonly length: number };

/** Rejects arrays of arrays: no model has one, and the library would read them to any depth. */
function readNumbers(cursor: ByteCursor, { key, element, length }: NumberArray): GgufArray {
  const bytes = bytesOf(element, key);
  cursor.expect(bytes * length, key);
  const integer = INTEGERS.get(element);
  if (!integer || length > KEPT_NUMBERS) {
    cursor.skip(bytes * length, key);
    return { type: "array", element, length, numbers: [] };
  }
  const numbers = Array.from({ length }, () => cursor.integer(bytes, integer.isSigned, key));
  return { type: "array", element, length, numbers };
}

function readText(cursor: ByteCursor, what: string, mostBytes: number): string {
  const { text, bytes } = cursor.text(what, mostBytes);
  if (bytes <= MOST_TEXT_BYTES) return text;
  throw new ModelFileError(`${what} has ${bytes} bytes: at most ${MOST_TEXT_BYTES} are allowed`);
}

function bytesOf(type: number, key: string): number {
  const bytes = VALUE_BYTES.get(type);
  if (bytes !== undefined) return bytes;
  const isArray = type === ARRAY;
  throw new ModelFileError(
    isArray
      ? `${key} is an array of arrays, which is not supported`
      : `${key} is of type ${type}, which GGUF does not define`,
  );
}
