// The memory of all bodies: its limit, its share per owner, and that it is all released.

import fc from "fast-check";
import { expect, test } from "vitest";
import { BodyMemory } from "../../../../src/http/server/body-memory.ts";

const FULL = expect.objectContaining({ code: "body_memory_full", retryAfterSeconds: 2 });

test("one owner alone gets half of it", () => {
  const memory = new BodyMemory(100);
  const hold = memory.hold("a");
  hold.resize(50);

  expect(() => hold.resize(51)).toThrow(FULL);
  expect(memory.bytes).toBe(50);
});

test("some memory is always left for an owner that holds none", () => {
  const memory = new BodyMemory(1_000);
  for (const [owner, most] of [
    ["a", 500],
    ["b", 250],
    ["c", 125],
  ] as const) {
    const hold = memory.hold(owner);
    expect(() => hold.resize(most + 1)).toThrow(FULL);
    hold.resize(most);
  }

  expect(memory.bytes).toBe(875);
});

test("all bodies of one owner count together", () => {
  const memory = new BodyMemory(100);
  memory.hold("a").resize(30);
  const second = memory.hold("a");

  expect(() => second.resize(21)).toThrow(FULL);
  second.resize(20);
});

test("released memory is available to others, and a second release changes nothing", () => {
  const memory = new BodyMemory(100);
  const hold = memory.hold("a");
  hold.resize(50);
  hold.resize(10);
  expect(memory.bytes).toBe(10);
  hold.release();
  hold.release();

  expect(memory.bytes).toBe(0);
  memory.hold("b").resize(50);
});

test("checks a size before anything is held", () => {
  const memory = new BodyMemory(100);

  expect(() => memory.check("a", 51)).toThrow(FULL);
  memory.check("a", 50);
  expect(memory.bytes).toBe(0);
});

test("never holds more than its limit with random owners and sizes, and is empty at the end", () => {
  const step = fc.record({
    owner: fc.constantFrom("a", "b", "c", "d"),
    body: fc.nat(5),
    bytes: fc.nat(400),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const memory = new BodyMemory(1_000);
      const holds = new Map<string, ReturnType<BodyMemory["hold"]>>();
      for (const { owner, body, bytes } of steps) {
        const name = `${owner}${body}`;
        const hold = holds.get(name) ?? memory.hold(owner);
        holds.set(name, hold);
        try {
          hold.resize(bytes);
        } catch {
          hold.release();
        }
        expect(memory.bytes).toBeLessThan(1_000);
      }
      for (const hold of holds.values()) hold.release();
      expect(memory.bytes).toBe(0);
    }),
  );
});
