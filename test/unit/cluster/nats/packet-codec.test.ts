// Packets as bytes: everything that a message may hold arrives as it was sent.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodePacket, encodePacket } from "../../../../src/cluster/nats/packet-codec.ts";

const there = (packet: unknown) => decodePacket(encodePacket(packet));

const typedArrays = [fc.uint8Array(), fc.uint32Array(), fc.float64Array()];
const plainData = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(null, true, false),
    fc.double(),
    fc.string({ unit: "binary" }),
    ...typedArrays,
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value;

describe("a packet", () => {
  test("arrives as it was sent, whatever plain data it is", () => {
    fc.assert(fc.property(plainData, (packet) => void expect(there(packet)).toEqual(packet)));
  });

  test("keeps numbers that JSON has not: a logprob of minus infinity is not the null of a first token", () => {
    const numbers = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0, 1e300];

    expect(there({ logprobs: numbers })).toEqual({ logprobs: numbers });
  });

  test("keeps typed arrays that are parts of larger buffers", () => {
    const tokens = new Uint32Array([1, 2, 2 ** 32 - 1, 4]).subarray(1, 3);

    const { promptTokens } = there({ promptTokens: tokens }) as { promptTokens: Uint32Array };

    expect(promptTokens).toEqual(Uint32Array.of(2, 2 ** 32 - 1));
    expect(promptTokens.buffer.byteLength).toBe(8);
  });

  test("loses fields that are undefined", () => {
    expect(there({ a: undefined, b: 1 })).toEqual({ b: 1 });
  });

  test("keeps a field of a client that has the name of the prototype", () => {
    const packet = JSON.parse('{"arguments":{"__proto__":{"x":1}},"tokens":0}') as {
      tokens: unknown;
    };
    packet.tokens = Uint32Array.of(7);

    expect(JSON.stringify(there(packet))).toBe(JSON.stringify(packet));
  });

  test("with a typed array of another kind is not sent", () => {
    expect(() => encodePacket({ a: new Float32Array(1) })).toThrow("cannot hold a Float32Array");
  });

  test("without typed arrays is plain JSON", () => {
    const packet = { version: 1, messages: [{ type: "credit", id: "a.1", creditBytes: 7 }] };

    expect(Buffer.from(encodePacket(packet)).toString()).toBe(JSON.stringify(packet));
  });
});

describe("bytes that no sender made", () => {
  test.each([
    ["no JSON", "hello"],
    ["a value with no place", '![[{}],[[[0,"a"],"number","NaN"]]]'],
    ["a value with an unknown kind", '![[{"a":null}],[[[0,"a"],"constructor","AA=="]]]'],
    ["an array with half an element", '![[{"a":null}],[[[0,"a"],"u32","AA=="]]]'],
  ])("are refused: %s", (_, text) => {
    expect(() => decodePacket(Buffer.from(text))).toThrow(Error);
  });

  test("cannot change a prototype", () => {
    const text = '![[{"a":{}}],[[[0,"a","__proto__","polluted"],"number","1"]]]';

    expect(() => decodePacket(Buffer.from(text))).toThrow("no place");
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});
