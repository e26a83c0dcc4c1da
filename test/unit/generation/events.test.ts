// Deltas: which ones are merged, and their weight in a buffer.

import { expect, test } from "vitest";
import { isDelta, joinDeltas, weightOf } from "../../../src/generation/events.ts";
import {
  callDelta,
  reasoningDelta,
  textDelta,
  tokenLogprob,
} from "../../support/clients/receipts.ts";

test("joins texts, their tokens and their logprobs, and takes the later time", () => {
  const earlier = { ...textDelta("a", { logprobs: [tokenLogprob("a", -1)] }), atMs: 5 };
  const later = { ...textDelta("b", { logprobs: [tokenLogprob("b", -2)] }), tokens: 2, atMs: 9 };

  expect(joinDeltas(earlier, later)).toEqual({
    type: "text-delta",
    text: "ab",
    tokens: 3,
    atMs: 9,
    logprobs: [tokenLogprob("a", -1), tokenLogprob("b", -2)],
  });
});

test.each([
  ["the earlier", [tokenLogprob("a", -1)], undefined],
  ["the later", undefined, [tokenLogprob("a", -1)]],
])("keeps logprobs that only the %s one has", (_which, first, second) => {
  const deltaWith = (logprobs?: ReturnType<typeof tokenLogprob>[]) =>
    textDelta("a", logprobs ? { logprobs } : {});

  expect(joinDeltas(deltaWith(first), deltaWith(second))?.logprobs).toEqual([
    tokenLogprob("a", -1),
  ]);
});

test("has no field for logprobs if they were not requested", () => {
  expect(joinDeltas(textDelta("a"), textDelta("b"))).not.toHaveProperty("logprobs");
});

test("merges reasoning with reasoning, and arguments with the beginning of their call", () => {
  expect(joinDeltas(reasoningDelta("a"), reasoningDelta("b"))).toMatchObject({ text: "ab" });
  expect(joinDeltas(callDelta(1, "f", "{"), callDelta(1, null, "}"))).toMatchObject({
    index: 1,
    name: "f",
    text: "{}",
  });
});

test.each([
  ["text and reasoning", textDelta("a"), reasoningDelta("b")],
  ["reasoning and a call", reasoningDelta("a"), callDelta(0, "f")],
  ["a call and text", callDelta(0, "f"), textDelta("a")],
  ["two calls", callDelta(0, "f"), callDelta(1, "g")],
  ["two calls of the same tool", callDelta(0, "f", "{}"), callDelta(1, "f", "{}")],
])("keeps %s apart", (_what, earlier, later) => {
  expect(joinDeltas(earlier, later)).toBeNull();
});

test("weighs text in UTF-8 bytes, and each logprob and alternative with its size on the wire", () => {
  const logprobs = [
    tokenLogprob("é", -1, [
      ["a", -1],
      ["b", -2],
    ]),
    tokenLogprob("c", -1),
  ];

  expect(weightOf(textDelta("é🙂"))).toBe(6);
  expect(weightOf(textDelta("é", { logprobs }))).toBe(2 + 64 * 4);
  expect(weightOf(callDelta(0, "f", "{}"))).toBe(2);
});

test("distinguishes deltas from other events", () => {
  const progress = { type: "prefill", total: 1, cached: 0, processed: 1, ms: 1 } as const;

  expect([textDelta("a"), reasoningDelta("a"), callDelta(0, "f")].every(isDelta)).toBe(true);
  expect(isDelta(progress)).toBe(false);
});
