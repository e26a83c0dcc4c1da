// Flags of the long-running commands, and their seeded random generator.

import { expect, test } from "vitest";
import { Random } from "../../soak/kinds/random.ts";
import { readNumbers, seedOr } from "../../soak/options.ts";

const FLAGS = {
  minutes: { default: 20, help: "duration" },
  seed: { default: null, help: "which" },
};

test("reads given numbers and keeps the defaults of others", () => {
  expect(readNumbers(["--minutes", "3"], FLAGS)).toEqual({ minutes: 3, seed: null });
  expect(readNumbers(["-h"], FLAGS)).toBe(null);
  expect(seedOr(5)).toBe(5);
});

test.each([
  ["--minutes", "0"],
  ["--minutes", "x"],
  ["--hours", "1"],
])("refuses %s %s", (...args) => {
  expect(() => readNumbers(args, FLAGS)).toThrow(/use a whole number|--hours/);
});

test("the same seed gives the same choices, with the frequency of their weights", () => {
  const draw = (seed: number) => {
    const random = new Random(seed);
    return Array.from(
      { length: 1_000 },
      () =>
        random.weighted([
          { weight: 3, name: "a" },
          { weight: 1, name: "b" },
        ]).name,
    );
  };

  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
  const often = draw(1).filter((name) => name === "a").length;
  expect(often).toBeGreaterThan(700);
  expect(often).toBeLessThan(800);
});
