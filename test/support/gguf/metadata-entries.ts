// Reads the metadata of a GGUF, each value as the bytes in the file, to copy some of it into another file.
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

/** Offset of the number of metadata entries, after magic, version and number of tensors. The entries follow it. */
const COUNT_AT = 16;
const ENTRIES_AT = 24;
const STRING = 8;
const ARRAY = 9;
/** Bytes of the types of a fixed size, by their number. */
const FIXED_BYTES = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];

/** @returns keys and values, each value after its type */
export function metadataEntries(model: Buffer): (readonly [key: string, value: Buffer])[] {
  let at = ENTRIES_AT;
  const skipText = () => {
    at += 8 + Number(model.readBigUInt64LE(at));
  };
  const skip = (type: number) => {
    if (type === STRING) return skipText();
    if (type !== ARRAY) {
      at += FIXED_BYTES[type] ?? 0;
      return;
    }
    const element = model.readUInt32LE(at);
    const length = Number(model.readBigUInt64LE(at + 4));
    at += 12;
    for (let index = 0; index < length; index++) skip(element);
  };
  return Array.from({ length: Number(model.readBigUInt64LE(COUNT_AT)) }, () => {
    const keyAt = at;
    skipText();
    const key = model.toString("utf8", keyAt + 8, at);
    const valueAt = at;
    at += 4;
    skip(model.readUInt32LE(valueAt));
    return [key, model.subarray(valueAt, at)] as const;
  });
}
