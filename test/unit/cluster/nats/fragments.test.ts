// Large packets travel in fragments. A receiver gets whole packets only, whatever is lost.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  MAX_PACKET_BYTES,
  PacketJoiner,
  PacketSplitter,
} from "../../../../src/cluster/nats/fragments.ts";

const MAX_BYTES = 64;
const packets = fc.array(
  fc.uint8Array({ minLength: 1, maxLength: 500 }).map((bytes) => {
    bytes[0] = 123; // as JSON begins
    return bytes;
  }),
  { maxLength: 8 },
);
const received = (joiner: PacketJoiner, payloads: readonly Uint8Array[]) =>
  payloads.flatMap((payload) => joiner.add(payload) ?? []).map((bytes) => Buffer.from(bytes));

describe("packets of one sender", () => {
  test("arrive whole and in order, and no payload is too large", () => {
    fc.assert(
      fc.property(packets, (sent) => {
        const splitter = new PacketSplitter();
        const payloads = sent.flatMap((packet) => splitter.split(packet, MAX_BYTES));

        expect(payloads.every(({ length }) => length <= MAX_BYTES)).toBe(true);
        expect(received(new PacketJoiner(), payloads)).toEqual(
          sent.map((each) => Buffer.from(each)),
        );
      }),
    );
  });

  test("are lost alone when payloads are lost", () => {
    fc.assert(
      fc.property(packets, fc.infiniteStream(fc.boolean()), (sent, losses) => {
        const splitter = new PacketSplitter();
        const expected: Buffer[] = [];
        const payloads = sent.flatMap((packet) => {
          const all = splitter.split(packet, MAX_BYTES);
          const kept = all.filter(() => losses.next().value !== true);
          if (kept.length === all.length) expected.push(Buffer.from(packet));
          return kept;
        });

        expect(received(new PacketJoiner(), payloads)).toEqual(expected);
      }),
    );
  });
});

describe("packets of several senders", () => {
  test("may alternate", () => {
    const packet = (letter: string) => Buffer.from(letter.repeat(150));
    const fragments = ["a", "b", "c"].map((letter) =>
      new PacketSplitter().split(packet(letter), MAX_BYTES),
    );
    const payloads = (fragments[0] ?? []).flatMap((_, index) =>
      fragments.flatMap((each) => each[index] ?? []),
    );

    expect(received(new PacketJoiner(), payloads).map(String)).toEqual(
      ["a", "b", "c"].map((letter) => String(packet(letter))),
    );
  });

  test("take bounded memory while they are unfinished", () => {
    const joiner = new PacketJoiner(1_000);
    for (let sender = 0; sender < 100; sender++) {
      const all = new PacketSplitter().split(Buffer.alloc(400, 1), 200);
      received(joiner, all.slice(0, -1));
      expect(joiner.bytes).toBeLessThanOrEqual(1_000);
    }
    const last = new PacketSplitter().split(Buffer.alloc(400, 1), 200);

    expect(received(joiner, last)).toHaveLength(1);
  });

  test("are forgotten when the connection is lost", () => {
    const joiner = new PacketJoiner();
    const [first, ...others] = new PacketSplitter().split(Buffer.alloc(150, 1), MAX_BYTES);
    if (first) joiner.add(first);

    joiner.clear();

    expect(joiner.bytes).toBe(0);
    expect(received(joiner, others)).toEqual([]);
  });
});

test("a packet above the limit is not split", () => {
  const packet = Buffer.alloc(MAX_PACKET_BYTES + 1);

  expect(() => new PacketSplitter().split(packet, 2 ** 20)).toThrow("bytes; allowed are");
});

test("payloads that no sender made are ignored", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const joiner = new PacketJoiner();
      const payload = Uint8Array.of(0, ...bytes);
      for (let i = 0; i < 3; i++) joiner.add(payload);
      expect(joiner.bytes).toBeLessThanOrEqual(60);
    }),
  );
});
