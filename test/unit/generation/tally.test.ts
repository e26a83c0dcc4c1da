// The usage of an answer: from its deltas while it runs, and from its finish event once it is complete.

import { expect, test } from "vitest";
import type { Delta, Finish, Usage } from "../../../src/generation/events.ts";
import { Tally } from "../../../src/generation/tally.ts";
import { reasoningDelta, textDelta } from "../../support/clients/receipts.ts";

function finish(usage: Partial<Usage>, prefillMs = 0): Finish {
  const counted = { promptTokens: 9, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0 };
  return {
    type: "finish",
    reason: "stop",
    stopString: null,
    usage: { ...counted, ...usage },
    prefixTier: "slot",
    prefillMs,
  };
}

function tallyOf(...events: readonly (Delta | Finish)[]): Tally {
  const tally = new Tally(9);
  for (const event of events) tally.add(event);
  return tally;
}

const FIRST: Delta = {
  ...textDelta("a"),
  atMs: 10,
  prompt: { cachedTokens: 4, prefixTier: "slot", prefillMs: 20 },
};

test("counts nothing but the prompt before the first event", () => {
  const tally = new Tally(9);

  expect(tally.usage).toEqual({
    promptTokens: 9,
    cachedTokens: 0,
    completionTokens: 0,
    reasoningTokens: 0,
  });
  expect([tally.firstAtMs, tally.reason, tally.prefillMs]).toEqual([null, null, 0]);
});

test("counts tokens, reasoning, the prompt's reading and times as deltas arrive", () => {
  const tally = tallyOf(FIRST, { ...reasoningDelta("b"), tokens: 2, atMs: 30 });

  expect(tally).toMatchObject({
    cachedTokens: 4,
    completionTokens: 3,
    reasoningTokens: 2,
    prefillMs: 20,
    firstAtMs: 10,
    lastAtMs: 30,
    reason: null,
  });
});

test("an echoed prompt is a delta without tokens", () => {
  const tally = tallyOf({ ...textDelta("the prompt"), tokens: 0, atMs: 5 });

  expect(tally).toMatchObject({ completionTokens: 0, firstAtMs: 5 });
});

test("takes the figures of the finish event, which include tokens that no delta carried", () => {
  const end = { cachedTokens: 5, completionTokens: 7, reasoningTokens: 3 };
  const tally = tallyOf(FIRST, finish(end, 21));

  expect(tally).toMatchObject({ ...end, promptTokens: 9, prefillMs: 21, reason: "stop" });
});

test("keeps how the first worker read the prompt when another worker finishes the answer", () => {
  const tally = tallyOf(FIRST, finish({ completionTokens: 7 }));

  expect(tally).toMatchObject({ cachedTokens: 4, prefillMs: 20, completionTokens: 7 });
});

test("makes the finish event of an answer that ends now", () => {
  const tally = tallyOf(FIRST);

  expect(tally.finish("length", null)).toEqual({
    type: "finish",
    reason: "length",
    stopString: null,
    usage: { promptTokens: 9, cachedTokens: 4, completionTokens: 1, reasoningTokens: 0 },
    prefixTier: "slot",
    prefillMs: 20,
  });
});

test("a snapshot of the usage does not change with later events", () => {
  const tally = tallyOf(FIRST);
  const { usage } = tally;
  tally.add(textDelta("b"));

  expect([usage.completionTokens, tally.completionTokens]).toEqual([1, 2]);
});
