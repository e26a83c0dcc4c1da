// The check of a model file: each error in a GGUF is reported in one line that names it, and valid files pass.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { ByteSource } from "../../../../src/worker/model-file/byte-cursor.ts";
import { checkModelFile } from "../../../../src/worker/model-file/check-model-file.ts";
import { readGgufHeader } from "../../../../src/worker/model-file/gguf-header.ts";
import {
  type GgufParts,
  type GgufTensor,
  ggufBytes,
  list,
  string,
  typed,
  u32,
  u64,
} from "../../../support/gguf/gguf-bytes.ts";
import { tinyBert, writeTinyBert } from "../../../support/gguf/tiny-gguf.ts";
import { BUILTIN_MODEL } from "../../../support/start-service.ts";

const folder = mkdtempSync(path.join(tmpdir(), "sluice-gguf-"));
afterAll(() => rmSync(folder, { recursive: true }));

const TINY = tinyBert({ pooling: "mean" });
const [UINT32, STRING, ARRAY] = [4, 8, 9];

function complaintAbout(bytes: Buffer, name = "model.gguf"): string {
  const file = path.join(folder, name);
  writeFileSync(file, bytes);
  try {
    checkModelFile(file);
  } catch (error) {
    return (error as Error).message.replace(`cannot load ${path.basename(file)}: `, "");
  }
  return "";
}

/** The tiny model with one value changed or added. */
function withValue(key: string, value: Buffer, parts: GgufParts = TINY): GgufParts {
  const others = parts.metadata.filter(([name]) => name !== key);
  return { ...parts, metadata: [...others, [key, value]] };
}

function withFirstTensor(change: Partial<GgufTensor>): GgufParts {
  const [first, ...others] = TINY.tensors;
  if (!first) throw new Error("it has tensors");
  return { ...TINY, tensors: [{ ...first, ...change }, ...others] };
}

const integer = (value: number) => typed(UINT32, u32(value));

test("accepts valid models: the built-in one, and tiny ones of other kinds", () => {
  checkModelFile(BUILTIN_MODEL);
  for (const pooling of ["mean", "cls", "rank"] as const)
    checkModelFile(writeTinyBert({ pooling }));
});

describe("the header", () => {
  test.each<[string, Buffer, string]>([
    ["another format", Buffer.from("GGML and more"), "not a GGUF file"],
    ["an empty file", Buffer.alloc(0), "not a GGUF file"],
    ["zeros", Buffer.concat([Buffer.from("GGUF"), Buffer.alloc(100_000)]), "version 0"],
    ["version 1", ggufBytes({ ...TINY, version: 1 }), "version 1: versions 2 and 3"],
    ["version 999", ggufBytes({ ...TINY, version: 999 }), "version 999"],
    ["the other byte order", ggufBytes({ ...TINY, version: 0x03_00_00_00 }), "big-endian"],
    [
      "an impossible number of values",
      ggufBytes({ ...TINY, valueCount: 2n ** 63n - 1n }),
      "metadata values: at most 65536 are allowed",
    ],
    [
      "more values than fit",
      ggufBytes({ ...TINY, metadata: [], tensors: [], valueCount: 9 }),
      "too small",
    ],
    ["a wrong number of values", ggufBytes({ ...TINY, valueCount: 50_000 }), "too small"],
    [
      "an impossible number of tensors",
      ggufBytes({ ...TINY, tensorCount: 2n ** 62n }),
      "131072 are allowed",
    ],
    [
      "a negative number of tensors",
      ggufBytes({ ...TINY, tensorCount: 2n ** 64n - 1n }),
      "tensors",
    ],
    ["no architecture", ggufBytes({ metadata: [], tensors: [] }), "general.architecture"],
    [
      "an architecture that is a number",
      ggufBytes(withValue("general.architecture", integer(1))),
      "general.architecture",
    ],
    [
      "an architecture with control characters",
      ggufBytes(withValue("general.architecture", typed(STRING, string("\u001b[2J")))),
      "general.architecture must be",
    ],
    [
      "a key twice",
      ggufBytes({ ...TINY, metadata: [...TINY.metadata, ...TINY.metadata.slice(-1)] }),
      "twice",
    ],
    ["a key with a line break", ggufBytes(withValue("a\nb", integer(1))), "is not a valid name"],
    [
      "a key with __proto__",
      ggufBytes(withValue("a.__proto__.b", integer(1))),
      "is not a valid name",
    ],
    [
      "a key that is too long",
      ggufBytes(withValue("a".repeat(257), integer(1))),
      "is not a valid name",
    ],
    ["a value of an unknown type", ggufBytes(withValue("a", typed(13, u32(1)))), "a is of type 13"],
    [
      "an array of an unknown type",
      ggufBytes(withValue("a", typed(ARRAY, list(99, [])))),
      "a is of type 99",
    ],
    [
      "an array of arrays",
      ggufBytes(withValue("a", typed(ARRAY, list(ARRAY, [list(UINT32, [u32(1)])])))),
      "a is an array of arrays",
    ],
    [
      "an array that is too long",
      ggufBytes(withValue("a", typed(ARRAY, Buffer.concat([u32(UINT32), u64(2n ** 40n)])))),
      "1099511627776 elements: at most 4194304 are allowed",
    ],
    [
      "an array beyond the end",
      ggufBytes({
        metadata: [["a", typed(ARRAY, Buffer.concat([u32(UINT32), u64(1_000)]))]],
        tensors: [],
      }),
      "a needs 4000 bytes",
    ],
    [
      "texts beyond the end",
      ggufBytes({
        metadata: [["a", typed(ARRAY, Buffer.concat([u32(STRING), u64(100_000)]))]],
        tensors: [],
      }),
      "the length of a[",
    ],
    [
      "a text beyond the end",
      ggufBytes(withValue("a", typed(STRING, u64(2n ** 40n)))),
      "a needs 1099511627776 bytes",
    ],
    [
      "a text of negative length",
      ggufBytes(withValue("a", typed(STRING, u64(2n ** 64n - 1n)))),
      "it is truncated or damaged",
    ],
    [
      "an alignment of 0",
      ggufBytes(withValue("general.alignment", integer(0))),
      "general.alignment",
    ],
    ["an alignment of 3", ggufBytes(withValue("general.alignment", integer(3))), "not 3"],
    [
      "an alignment that is a text",
      ggufBytes(withValue("general.alignment", typed(STRING, string("32")))),
      "not of type text",
    ],
  ])("reports %s", (_what, bytes, message) => {
    expect(complaintAbout(bytes)).toContain(message);
  });

  test("reports a file that is truncated anywhere, and never reads beyond its end", () => {
    const whole = ggufBytes(TINY);
    const cuts = Array.from({ length: 400 }, (_, index) =>
      Math.floor((whole.length * index) / 400),
    );

    expect(cuts.filter((length) => complaintAbout(whole.subarray(0, length)) === "")).toEqual([]);
    expect(complaintAbout(whole.subarray(0, -1))).toContain("was its download finished?");
  });
});

describe("the tensors", () => {
  test.each<[string, Partial<GgufTensor>, string]>([
    ["no dimension", { shape: [] }, "has 0 dimensions"],
    ["five dimensions", { shape: [1, 1, 1, 1, 1] }, "5 dimensions: 1 to 4 are allowed"],
    ["a length of 0", { shape: [0, 3] }, "the shape 0 x 3"],
    ["too many numbers", { shape: [2 ** 40, 2 ** 40] }, "product less than 2^53"],
    ["an unknown type", { type: 999 }, "token_embd.weight is of type 999"],
    ["a removed type", { type: 4 }, "is of type 4"],
    ["rows of incomplete blocks", { type: 8, shape: [31, 2] }, "in blocks of 32"],
    ["an unaligned offset", { offset: 1 }, "not a multiple of 32"],
    ["an offset beyond the end", { offset: 2 ** 40 }, "ends at byte"],
    ["a name that is too long", { name: "x".repeat(64) }, "a name of up to 63"],
    ["a name with an escape sequence", { name: "\u001b[2J" }, "a name of up to 63 printable"],
  ])("reports %s", (_what, change, message) => {
    expect(complaintAbout(ggufBytes(withFirstTensor(change)))).toContain(message);
  });

  test("rejects a huge number of dimensions without reading them", () => {
    const bytes = ggufBytes(TINY);
    const at = bytes.indexOf("token_embd.weight") + "token_embd.weight".length;
    bytes.writeUInt32LE(2 ** 31, at);

    expect(complaintAbout(bytes)).toContain("2147483648 dimensions");
  });
});

describe("the sizes", () => {
  test.each<[string, number, string]>([
    ["bert.block_count", 0, "bert.block_count is 0: 1 to 512 are allowed"],
    ["bert.block_count", 2 ** 31 - 1, "1 to 512"],
    ["bert.block_count", 200, "is 200, but the model has only"],
    ["bert.context_length", 0, "bert.context_length is 0"],
    ["bert.context_length", 2 ** 31 - 1, "bert.context_length is 2147483647"],
    ["bert.context_length", 2 ** 32 - 1, "bert.context_length is 4294967295"],
    ["bert.embedding_length", 0, "bert.embedding_length is 0"],
    ["bert.embedding_length", 3, "more than bert.embedding_length, which is 3"],
    ["bert.embedding_length", 64, "token_embd.weight has 32 numbers"],
    ["bert.feed_forward_length", 0, "bert.feed_forward_length is 0"],
    ["bert.attention.head_count", 0, "bert.attention.head_count is 0"],
    ["bert.attention.head_count", 33, "more than bert.embedding_length"],
    ["bert.attention.head_count", 2 ** 31 - 1, "1 to 65536"],
    ["bert.attention.head_count_kv", 0, "bert.attention.head_count_kv is 0"],
    ["bert.attention.head_count_kv", 3, "it must divide bert.attention.head_count, which is 4"],
    ["bert.attention.key_length", 0, "bert.attention.key_length is 0"],
    ["bert.pooling_type", 9, "bert.pooling_type is 9: 0 to 4"],
  ])("reports %s of %i", (key, value, message) => {
    expect(complaintAbout(ggufBytes(withValue(key, integer(value))))).toContain(message);
  });

  test.each<[string, Buffer, string]>([
    ["a text", typed(STRING, string("12")), "bert.block_count is not a whole number"],
    ["an empty list", typed(ARRAY, list(UINT32, [])), "is not a whole number"],
  ])("reports a number that is %s", (_what, value, message) => {
    expect(complaintAbout(ggufBytes(withValue("bert.block_count", value)))).toContain(message);
  });

  test.each<[string, readonly number[], string]>([
    ["with a layer without heads", [4, 0], ""],
    ["with only 0", [0, 0], "contains only 0"],
    ["with a number that is too large", [4, 70_000], "contains 70000"],
  ])("checks a list %s, with one number per layer", (_what, heads, message) => {
    const value = typed(ARRAY, list(UINT32, heads.map(u32)));
    const complaint = complaintAbout(ggufBytes(withValue("bert.attention.head_count", value)));

    if (message === "") expect(complaint).toBe("");
    else expect(complaint).toContain(message);
  });

  test("a model without attention may have no heads", () => {
    const key = "bert.attention.head_count";
    const recurrent = withValue("bert.ssm.state_size", integer(16), withValue(key, integer(0)));

    expect(complaintAbout(ggufBytes(recurrent))).toBe("");
  });

  test.each<[string, string, Buffer]>([
    ["no list", "tokenizer.ggml.tokens", integer(5)],
    ["an empty list", "tokenizer.ggml.tokens", typed(ARRAY, list(STRING, []))],
    ["types of too few tokens", "tokenizer.ggml.token_type", typed(ARRAY, list(5, [u32(1)]))],
    ["scores of too few tokens", "tokenizer.ggml.scores", typed(ARRAY, list(6, [u32(1)]))],
    ["scores that are texts", "tokenizer.ggml.scores", typed(ARRAY, list(STRING, []))],
  ])("reports a vocabulary with %s", (_what, key, value) => {
    expect(complaintAbout(ggufBytes(withValue(key, value)))).toContain(`${key} is not a list`);
  });
});

describe("a split model", () => {
  const partName = (part: number) => `split-0000${part}-of-00002.gguf`;
  const [half, otherHalf] = [TINY.tensors.slice(0, 9), TINY.tensors.slice(9)];

  test("reads all parts, and accepts blocks in any of them", () => {
    writeFileSync(path.join(folder, partName(2)), ggufBytes({ metadata: [], tensors: otherHalf }));

    expect(complaintAbout(ggufBytes({ ...TINY, tensors: half }), partName(1))).toBe("");
  });

  test("names a part that is missing or damaged", () => {
    const whole = ggufBytes({ metadata: [], tensors: otherHalf });
    const first = ggufBytes({ ...TINY, tensors: half });
    writeFileSync(path.join(folder, partName(2)), whole.subarray(0, -100));
    expect(complaintAbout(first, partName(1))).toMatch(/00002-of-00002.gguf: .* is truncated/);
    rmSync(path.join(folder, partName(2)));
    expect(complaintAbout(first, partName(1))).toMatch(
      /00002-of-00002.gguf: there is no such file/,
    );
  });
});

test.each([
  ["does not exist", "nothing.gguf", "there is no such file"],
  ["is a folder", ".", "it is not a file"],
])("reports a file that %s", (_what, name, message) => {
  const file = path.join(folder, name);

  expect(() => checkModelFile(file)).toThrow(message);
});

test("reads a header of many megabytes in pieces, and keeps none of it", () => {
  const tokens = Array.from({ length: 50_000 }, (_, index) => string(`token ${index}`));
  const template = typed(STRING, string("x".repeat(1_000_000)));
  const parts = withValue("a", typed(ARRAY, list(STRING, tokens)), withValue("b", template));
  const bytes = ggufBytes(parts);
  const lengths: number[] = [];
  const source: ByteSource = {
    size: bytes.length,
    read: (position, length) => {
      lengths.push(length);
      return bytes.subarray(position, position + length);
    },
  };

  const { values } = readGgufHeader(source);

  expect(Math.max(...lengths)).toBeLessThanOrEqual(262_144);
  expect(lengths.length).toBeLessThan(20);
  expect(values.get("a")).toEqual({ type: "array", element: STRING, length: 50_000, numbers: [] });
  expect(values.get("b")).toEqual({ type: "text", text: "x".repeat(256) });
});
