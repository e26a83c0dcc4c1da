// What a request costs its key: expected first, as it comes, and put right at its end.

import { expect, test } from "vitest";
import type { Finish, GenerateEvent } from "../../../src/generation/events.ts";
import { Bill } from "../../../src/queue/bill.ts";

function open(promptTokens = 100, answerTokens = 50) {
  const sums = { share: 0, allowance: 0 };
  const bill = new Bill({
    toShare: (tokens) => (sums.share += tokens),
    toAllowance: (tokens) => (sums.allowance += tokens),
  });
  bill.expect(promptTokens, answerTokens);
  return { bill, sums };
}

function delta(tokens: number): GenerateEvent {
  return { type: "text-delta", text: "x", tokens, atMs: 0 };
}

function finish(cachedTokens: number, completionTokens: number): Finish {
  const usage = { promptTokens: 100, cachedTokens, completionTokens, reasoningTokens: 0 };
  return { type: "finish", reason: "stop", stopString: null, usage, prefillMs: 0 };
}

test("costs nothing without a slot", () => {
  const { bill, sums } = open();

  bill.close(null);

  expect(bill.expected).toBe(150);
  expect(sums).toEqual({ share: 0, allowance: 0 });
});

test("charges the allowance with the prompt, then with tokens as they come", () => {
  const { bill, sums } = open();
  bill.open();
  expect(sums.allowance).toBe(100);

  bill.add(delta(2));
  bill.add(delta(3));

  expect(sums).toEqual({ share: 0, allowance: 105 }); // the share was charged 150 with its slot
});

test("charges the share for what is more than was expected, while it comes", () => {
  const { bill, sums } = open();
  bill.open();

  bill.add(delta(50));
  expect(sums.share).toBe(0);
  bill.add(delta(7));

  expect(sums.share).toBe(7);
});

test("gives back what was in the cache, and what was not generated", () => {
  const { bill, sums } = open();
  bill.open();
  bill.add(delta(20));

  bill.add(finish(90, 20));

  expect(sums).toEqual({ share: 30 - 150, allowance: 30 });
});

test("is put right once, however it ends afterwards", () => {
  const { bill, sums } = open();
  bill.open();
  bill.add(finish(100, 1));

  bill.close(null);

  expect(sums).toEqual({ share: 1 - 150, allowance: 1 });
});

test("charges what there was of an answer that broke off", () => {
  const { bill, sums } = open();
  bill.open();
  bill.add(delta(5));

  bill.close(null);

  expect(sums).toEqual({ share: 105 - 150, allowance: 105 });
});

test("charges a request that starts again once", () => {
  const { bill, sums } = open();
  bill.open();
  bill.add(delta(5));
  bill.open();

  bill.add(finish(0, 10));

  expect(sums).toEqual({ share: 110 - 150, allowance: 110 });
});
