// Bounds of numbers as sets: what is in them, in two of them, and outside.

import { describe, expect, test } from "vitest";
import {
  ANY_NUMBER,
  boundsAllow,
  boundsOfBoth,
  boundsOutside,
  type NumberBounds,
} from "../../../../src/grammar/numbers/number-bounds.ts";
import { nextUp } from "../../../../src/grammar/numbers/number-limit.ts";

const from = (value: number) => ({ value, isExclusive: false });
const beyond = (value: number) => ({ value, isExclusive: true });
const bounds = (given: Partial<NumberBounds>): NumberBounds => ({ ...ANY_NUMBER, ...given });
const VALUES = [-1e300, -3, -1, -0.5, 0, 5e-324, 0.1, 0.3, 0.5, 1, 1.5, 2, 2.5, 3, 6, 7, 1e21];

describe("what bounds allow", () => {
  test.each<[Partial<NumberBounds>, number, boolean]>([
    [{ steps: [0.1] }, 0.3, true],
    [{ steps: [0.01] }, 19.99, true],
    [{ steps: [0.1] }, 0.35, false],
    [{ steps: [1e-8] }, 1e-7, true],
    [{ steps: [3, 2] }, 12, true],
    [{ steps: [3, 2] }, 9, false],
    [{ steps: [0.25] }, -0.75, true],
    [{ isInteger: true }, 1e21, true],
    [{ isInteger: true }, 1.5, false],
    [{ min: from(1) }, 1, true],
    [{ min: beyond(1) }, 1, false],
    [{ max: from(0.3) }, 0.1 + 0.2, false],
    [{ max: from(2 ** 63) }, 2 ** 63, true],
  ])("%j of %d: %s", (given, value, isAllowed) => {
    expect(boundsAllow(bounds(given), value)).toBe(isAllowed);
  });
});

const SETS: readonly NumberBounds[] = [
  ANY_NUMBER,
  bounds({ isInteger: true }),
  bounds({ min: from(0), max: from(1) }),
  bounds({ min: beyond(0) }),
  bounds({ max: beyond(2) }),
  bounds({ min: from(1), max: from(3), steps: [0.5] }),
  bounds({ steps: [3] }),
  bounds({ min: from(2.5), isInteger: true, steps: [2] }),
];
const PAIRS = SETS.flatMap((a) => SETS.map((b): [NumberBounds, NumberBounds] => [a, b]));

test.each(PAIRS)("numbers in both %j and %j are those in each", (a, b) => {
  const both = boundsOfBoth(a, b);
  const isIn = (value: number) => both !== null && boundsAllow(both, value);

  expect(VALUES.filter(isIn)).toEqual(
    VALUES.filter((value) => boundsAllow(a, value) && boundsAllow(b, value)),
  );
});

test.each<[string, Partial<NumberBounds>, Partial<NumberBounds>]>([
  ["limits the wrong way round", { min: from(2) }, { max: from(1) }],
  ["an excluded limit", { min: from(1) }, { max: beyond(1) }],
  ["no double between", { min: beyond(0.1) }, { max: beyond(nextUp(0.1)) }],
  ["no integer between", { min: beyond(1), max: beyond(2) }, { isInteger: true }],
  ["no multiple between", { min: from(5), max: from(6) }, { steps: [4] }],
  ["no common multiple between", { min: from(1), max: from(5), steps: [2] }, { steps: [3] }],
  ["a limit beyond all doubles", { min: beyond(Number.MAX_VALUE) }, {}],
])("nothing is in both: %s", (_name, a, b) => {
  expect(boundsOfBoth(bounds(a), bounds(b))).toBeNull();
});

test("an equal limit is excluded in both if it is in one", () => {
  const both = boundsOfBoth(bounds({ min: from(1) }), bounds({ min: beyond(1) }));

  expect(both).toEqual(bounds({ min: beyond(1) }));
});

test.each([
  [bounds({ min: from(0), max: beyond(2) })],
  [bounds({ min: beyond(0) })],
  [bounds({ max: from(1.5) })],
  [bounds({ min: from(2), max: from(1) })],
  [ANY_NUMBER],
])("outside of %j are all other numbers", (inside) => {
  const outside = boundsOutside(inside) ?? [];

  expect(VALUES.filter((value) => outside.some((range) => boundsAllow(range, value)))).toEqual(
    VALUES.filter((value) => !boundsAllow(inside, value)),
  );
});

test.each([[bounds({ isInteger: true })], [bounds({ steps: [2] })]])(
  "what is outside of %j cannot be stated",
  (inside) => expect(boundsOutside(inside)).toBeNull(),
);

test.each([
  [1, 1.0000000000000002],
  [-1, -0.9999999999999999],
  [0, 5e-324],
  [-5e-324, -0],
  [Number.MAX_VALUE, Number.POSITIVE_INFINITY],
  [Number.NEGATIVE_INFINITY, -Number.MAX_VALUE],
])("the double above %d is %d", (value, above) => expect(nextUp(value)).toBe(above));
