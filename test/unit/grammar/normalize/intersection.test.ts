// The values that match two normal forms at once.

import { expect, test } from "vitest";
import { haveCommon, shapesOfBoth } from "../../../../src/grammar/normalize/intersection.ts";
import { shapeSamples } from "../../../support/shape-samples.ts";

const { of, context, matching } = shapeSamples();

test("the intersection of two has exactly the values that are in both", () => {
  for (const a of of)
    for (const b of of) {
      const theirs = matching(b);
      const expected = matching(a).filter((value) => theirs.includes(value));
      expect(matching(shapesOfBoth(a, b, context))).toEqual(expected);
    }
});

test("normal forms that are said to have nothing in common have nothing in common", () => {
  let distinct = 0;
  for (const a of of)
    for (const b of of) {
      if (haveCommon(a, b, context)) continue;
      distinct += 1;
      expect(matching(shapesOfBoth(a, b, context))).toEqual([]);
    }
  expect(distinct).toBeGreaterThan(300);
});
