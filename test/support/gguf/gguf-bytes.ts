// Assembles a GGUF file, correct or wrong as a test needs it.
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

export type GgufTensor = {
  readonly name: string;
  readonly shape: readonly number[];
  /** Null for a tensor without data. */
  readonly values: Float32Array | null;
  /** The number of the `ggml_type`; default 0, which is f32. */
  readonly type?: number;
  /** Default: its real offset. */
  readonly offset?: number;
};

export type GgufParts = {
  /** Keys and values, each value after its type. */
  readonly metadata: readonly (readonly [key: string, value: Buffer])[];
  readonly tensors: readonly GgufTensor[];
  readonly version?: number;
  /** The counts in the header; default: the real ones. */
  readonly tensorCount?: number | bigint;
  readonly valueCount?: number | bigint;
};

const ALIGNMENT = 32;

export function ggufBytes(parts: GgufParts): Buffer {
  const { metadata, tensors, version = 3 } = parts;
  const header = [
    Buffer.from("GGUF"),
    u32(version),
    u64(parts.tensorCount ?? tensors.length),
    u64(parts.valueCount ?? metadata.length),
    ...metadata.flatMap(([key, value]) => [string(key), value]),
  ];
  let offset = 0;
  for (const { name, shape, type = 0, offset: wrong, values } of tensors) {
    header.push(string(name), u32(shape.length), ...shape.map(u64));
    header.push(u32(type), u64(wrong ?? offset));
    offset += aligned(values?.byteLength ?? 0);
  }
  const data = tensors.flatMap(({ values }) =>
    values ? [padded(Buffer.from(values.buffer))] : [],
  );
  return Buffer.concat([padded(Buffer.concat(header)), ...data]);
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function aligned(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(aligned(bytes.length) - bytes.length)]);
}

export function typed(type: number, value: Buffer): Buffer {
  return Buffer.concat([u32(type), value]);
}

export function list(type: number, items: readonly Buffer[]): Buffer {
  return Buffer.concat([u32(type), u64(items.length), ...items]);
}

export function string(text: string): Buffer {
  return Buffer.concat([u64(Buffer.byteLength(text)), Buffer.from(text)]);
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

export function f32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}
