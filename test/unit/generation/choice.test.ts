// One choice of an answer, collected from its events.

import { expect, test } from "vitest";
import { type Choice, ChoiceCollector } from "../../../src/generation/choice.ts";
import type { FinishReason, GenerateEvent } from "../../../src/generation/events.ts";
import {
  callDelta,
  ended,
  reasoningDelta,
  textDelta,
  tokenLogprob,
} from "../../support/clients/receipts.ts";

function finish(reason: FinishReason): GenerateEvent {
  const usage = { promptTokens: 1, cachedTokens: 0, completionTokens: 2, reasoningTokens: 0 };
  return { type: "finish", ...ended(reason), usage, prefixTier: "slot", prefillMs: 3 };
}

function collected(...events: GenerateEvent[]): Choice {
  const collector = new ChoiceCollector();
  for (const event of events) collector.add(event);
  return collector.choice;
}

test("is empty if only the finish event came", () => {
  expect(collected(finish("length"))).toEqual({
    text: "",
    reasoning: "",
    toolCalls: [],
    logprobs: [],
    ending: finish("length"),
  });
});

test("keeps reasoning, text and calls apart in any order", () => {
  const choice = collected(
    reasoningDelta("Hm"),
    reasoningDelta("."),
    textDelta("Let "),
    callDelta(0, "f", '{"a"'),
    callDelta(0, null, ":1}"),
    textDelta("us"),
    callDelta(1, "g"),
    callDelta(1, null, "{}"),
    finish("tool-calls"),
  );

  expect(choice).toMatchObject({
    text: "Let us",
    reasoning: "Hm.",
    ending: { reason: "tool-calls" },
  });
  expect(choice.toolCalls).toEqual([
    { name: "f", arguments: '{"a":1}' },
    { name: "g", arguments: "{}" },
  ]);
});

test("collects the logprobs of all deltas in order", () => {
  const choice = collected(
    { ...reasoningDelta("a"), logprobs: [tokenLogprob("a", -1)] },
    textDelta("bc", { logprobs: [tokenLogprob("b", -2), tokenLogprob("c", -3)] }),
    finish("stop"),
  );

  expect(choice.logprobs.map(({ text }) => text)).toEqual(["a", "b", "c"]);
});

test("ignores prompt progress", () => {
  const progress = { type: "prefill", total: 9, cached: 0, processed: 5, ms: 1 } as const;

  expect(collected(progress, textDelta("a"), finish("stop")).text).toBe("a");
});

test("throws before the choice has finished", () => {
  expect(() => collected(textDelta("a"))).toThrow("the choice has not finished");
});
