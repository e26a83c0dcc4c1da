// The lines that the server prints when its model is loaded.

import { expect, test } from "vitest";
import { describeContext } from "../../../src/cli/banner.ts";

const context = (contextTokens: number, trainedContextTokens: number) =>
  describeContext({ contextTokens, trainedContextTokens, slots: 4 });

test("says how much context the model allows when the server uses less", () => {
  expect(context(4096, 8192)).toBe(
    "4096 tokens of context in each of 4 slots (the model allows 8192: set --context)",
  );
});

test.each([4096, 2048])("says nothing more when the model allows %i of 4096 tokens", (trained) => {
  expect(context(4096, trained)).toBe("4096 tokens of context in each of 4 slots");
});
