// Reads the header of a GGUF, and checks that its lengths, counts, types and offsets are possible for the size of the file. Skips
// texts and arrays, so that a header of many megabytes takes little time and memory.

import { ByteCursor, type ByteSource } from "./byte-cursor.ts";
import { type GgufTensors, readTensors } from "./gguf-tensors.ts";
import { type GgufValue, integerOf, readValue } from "./gguf-values.ts";
import { ModelFileError, PRINTABLE } from "./model-file-error.ts";

export type GgufHeader = {
  readonly values: ReadonlyMap<string, GgufValue>;
  readonly tensors: GgufTensors;
};

const VERSIONS = [2, 3];
/** Minimum bytes of a key with its value, and of a tensor's description. Counts that do not fit into the file are rejected. */
const LEAST_VALUE_BYTES = 14;
const LEAST_TENSOR_BYTES = 25;
/** Limits, because the library allocates memory for each. Some hundred are usual. */
const MOST_VALUES = 65_536;
const MOST_TENSORS = 131_072;
const LONGEST_KEY = 256;
/** The library turns each name of a key into a property of an object. */
const UNSAFE_NAMES = ["__proto__", "prototype", "constructor"];

/** @throws ModelFileError */
export function readGgufHeader(source: ByteSource): GgufHeader {
  const cursor = new ByteCursor(source);
  checkMagic(cursor);
  const tensorCount = countOf(cursor, "tensors", LEAST_TENSOR_BYTES, MOST_TENSORS);
  const valueCount = countOf(cursor, "metadata values", LEAST_VALUE_BYTES, MOST_VALUES);
  const values = new Map<string, GgufValue>();
  for (let index = 0; index < valueCount; index++) {
    const key = readKey(cursor, index);
    if (values.has(key)) throw new ModelFileError(`the key ${key} occurs twice`);
    values.set(key, readValue(cursor, key));
  }
  const alignment = alignmentOf(values.get("general.alignment"));
  return { values, tensors: readTensors(cursor, { count: tensorCount, alignment }) };
}

function checkMagic(cursor: ByteCursor): void {
  if (cursor.left < 4 || cursor.u32("the beginning") !== 0x46_55_47_47)
    throw new ModelFileError("it is not a GGUF file: the first four bytes must be GGUF");
  const version = cursor.u32("the version");
  if (VERSIONS.includes(version)) return;
  const isSwapped = version % 65_536 === 0 && version > 0;
  throw new ModelFileError(
    isSwapped
      ? "it is a GGUF for big-endian machines, but this machine is little-endian"
      : `it is a GGUF of version ${version}: versions ${VERSIONS.join(" and ")} are supported`,
  );
}

function countOf(cursor: ByteCursor, what: string, leastBytes: number, most: number): number {
  const count = cursor.u64(`the number of ${what}`);
  if (count <= Math.min(most, cursor.left / leastBytes)) return count;
  throw new ModelFileError(
    count <= most
      ? `it claims to have ${count} ${what} but is too small for them: it is truncated or damaged`
      : `it has ${count} ${what}: at most ${most} are allowed`,
  );
}

function readKey(cursor: ByteCursor, index: number): string {
  const { text, bytes } = cursor.text(`key ${index + 1}`, LONGEST_KEY);
  const isSafe =
    PRINTABLE.test(text) && !text.split(".").some((name) => UNSAFE_NAMES.includes(name));
  if (bytes <= LONGEST_KEY && isSafe) return text;
  throw new ModelFileError(
    `key ${index + 1} is not a valid name of up to ${LONGEST_KEY} printable characters`,
  );
}

const DEFAULT_ALIGNMENT = 32;
const MOST_ALIGNMENT = 1_048_576;

function alignmentOf(value: GgufValue | undefined): number {
  if (!value) return DEFAULT_ALIGNMENT;
  const bytes = integerOf(value);
  if (bytes && bytes > 0 && bytes <= MOST_ALIGNMENT && Number.isInteger(Math.log2(bytes)))
    return bytes;
  throw new ModelFileError(
    `general.alignment must be a power of 2 up to ${MOST_ALIGNMENT}, not ${bytes ?? `of type ${value.type}`}`,
  );
}
