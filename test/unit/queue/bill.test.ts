// What a request costs its key: expected first, as it comes, and put right at its end.

import { expect, test } from "vitest";
import type { Finish, GenerateEvent } from "../../../src/generation/events.ts";
import { Bill } from "../../../src/queue/bill.ts";

function open(promptTokens = 100, answerTokens = 50) {
  const sums = { done: 0, expected: 0, allowance: 0 };
  const bill = new Bill({
    toShare: ({ done, expected }) => {
      sums.done += done;
      sums.expected += expected;
    },
    toAllowance: (tokens) => (sums.allowance += tokens),
  });
  bill.expect(promptTokens, answerTokens);
  /** As the share does with the slot. */
  const start = () => {
    sums.expected += bill.expected;
    bill.open();
  };
  return { bill, sums, start };
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
  expect(sums).toEqual({ done: 0, expected: 0, allowance: 0 });
});

test("charges the allowance with the prompt, then with tokens as they come", () => {
  const { bill, sums, start } = open();
  start();
  expect(sums.allowance).toBe(100);

  bill.add(delta(2));
  bill.add(delta(3));

  expect(sums.allowance).toBe(105);
});

test("turns what was expected into what was done, as tokens come", () => {
  const { bill, sums, start } = open();
  start();
  expect(sums).toMatchObject({ done: 0, expected: 150 });

  bill.add(delta(20));
  expect(sums).toMatchObject({ done: 20, expected: 130 });
  bill.add(delta(37));

  expect(sums).toMatchObject({ done: 57, expected: 100 }); // the prompt is settled at the end
});

test("charges neither what was in the cache, nor what was not generated", () => {
  const { bill, sums, start } = open();
  start();
  bill.add(delta(20));

  bill.add(finish(90, 20));

  expect(sums).toEqual({ done: 30, expected: 0, allowance: 30 });
});

test("is put right once, however it ends afterwards", () => {
  const { bill, sums, start } = open();
  start();
  bill.add(finish(100, 1));

  bill.close(null);

  expect(sums).toEqual({ done: 1, expected: 0, allowance: 1 });
});

test("charges what there was of an answer that broke off", () => {
  const { bill, sums, start } = open();
  start();
  bill.add(delta(5));

  bill.close(null);

  expect(sums).toEqual({ done: 105, expected: 0, allowance: 105 });
});

test("charges a request that starts again once", () => {
  const { bill, sums, start } = open();
  start();
  bill.add(delta(5));
  bill.open();

  bill.add(finish(0, 10));

  expect(sums).toEqual({ done: 110, expected: 0, allowance: 110 });
});
