// Charges of one request to its key: expected tokens first, then tokens as they come, corrected at the end.

import { expect, test } from "vitest";
import type { Finish, GenerateEvent } from "../../../src/generation/events.ts";
import { Tally } from "../../../src/generation/tally.ts";
import { TokenUsage } from "../../../src/queue/token-usage.ts";

function open(promptTokens = 100, answerTokens = 50) {
  const sums = { done: 0, expected: 0, budget: 0 };
  const usage = new TokenUsage({
    chargeShare: ({ done, expected }) => {
      sums.done += done;
      sums.expected += expected;
    },
    chargeBudget: (tokens) => (sums.budget += tokens),
  });
  usage.expect(promptTokens, answerTokens);
  /** Charges the expected cost, as the share does when it gives a slot. */
  const start = () => {
    sums.expected += usage.expected;
    usage.open();
  };
  const tally = new Tally(promptTokens);
  const charge = (event: GenerateEvent) => {
    tally.add(event);
    usage.charge(tally);
  };
  return { usage, sums, start, charge };
}

function delta(tokens: number): GenerateEvent {
  return { type: "text-delta", text: "x", tokens, atMs: 0 };
}

function finish(cachedTokens: number, completionTokens: number): Finish {
  const usage = { promptTokens: 100, cachedTokens, completionTokens, reasoningTokens: 0 };
  return {
    type: "finish",
    reason: "stop",
    stopString: null,
    usage,
    prefixTier: "slot",
    prefillMs: 0,
  };
}

test("costs nothing without a slot", () => {
  const { usage, sums } = open();

  usage.close();

  expect(usage.expected).toBe(150);
  expect(sums).toEqual({ done: 0, expected: 0, budget: 0 });
});

test("charges the budget with the prompt, then with tokens as they come", () => {
  const { sums, start, charge } = open();
  start();
  expect(sums.budget).toBe(100);

  charge(delta(2));
  charge(delta(3));

  expect(sums.budget).toBe(105);
});

test("turns expected tokens into computed ones as they arrive", () => {
  const { sums, start, charge } = open();
  start();
  expect(sums).toMatchObject({ done: 0, expected: 150 });

  charge(delta(20));
  expect(sums).toMatchObject({ done: 20, expected: 130 });
  charge(delta(37));

  expect(sums).toMatchObject({ done: 57, expected: 100 }); // the prompt is settled at the end
});

test("charges neither cached tokens nor tokens that were not generated", () => {
  const { sums, start, charge } = open();
  start();
  charge(delta(20));

  charge(finish(90, 20));

  expect(sums).toEqual({ done: 30, expected: 0, budget: 30 });
});

test("is corrected only once, even if it is closed again", () => {
  const { usage, sums, start, charge } = open();
  start();
  charge(finish(100, 1));

  usage.close();

  expect(sums).toEqual({ done: 1, expected: 0, budget: 1 });
});

test("charges the tokens of an answer that broke off", () => {
  const { usage, sums, start, charge } = open();
  start();
  charge(delta(5));

  usage.close();

  expect(sums).toEqual({ done: 105, expected: 0, budget: 105 });
});

test("charges a restarted request only once", () => {
  const { usage, sums, start, charge } = open();
  start();
  charge(delta(5));
  usage.open();

  charge(finish(0, 10));

  expect(sums).toEqual({ done: 110, expected: 0, budget: 110 });
});
