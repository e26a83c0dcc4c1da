// The parts into which a conversation is divided.

import { expect, test } from "vitest";
import { firstDifference } from "../../../src/cache-misses/prompt-print.ts";
import { conversation, read } from "../../support/prompts.ts";

const partsOf = (given: Parameters<typeof conversation>[0]) => read(conversation(given)).parts;

test("divides a conversation into the lines of its system prompt, its tools and its messages", () => {
  const parts = partsOf({ system: "a\nb", tools: ["c"], messages: ["d", "e"] });

  expect(parts.map(({ part, message }) => [part, message])).toEqual([
    ["system", null],
    ["system", null],
    ["tools", null],
    ["messages", 0],
    ["messages", 1],
  ]);
});

test("keeps the rest of a long system prompt as one part", () => {
  const lines = Array.from({ length: 600 }, (_, index) => `line ${index}`);
  const parts = partsOf({ system: lines.join("\n") });

  expect(parts).toHaveLength(501);
  expect(parts.at(-1)?.chars).toBe(lines.slice(500).join("\n").length);
});

test("a prompt without a conversation has no parts", () => {
  expect(read({ type: "tokens", tokens: [1, 2] }).parts).toEqual([]);
});

test("finds the first part that differs", () => {
  const parts = partsOf({ system: "a\nb", messages: ["c"] });

  expect(firstDifference(parts, partsOf({ system: "a\nx", messages: ["c"] }))).toBe(1);
  expect(firstDifference(parts, partsOf({ system: "a\nb", messages: ["c", "d"] }))).toBe(3);
  expect(firstDifference(parts, [])).toBe(0);
});
