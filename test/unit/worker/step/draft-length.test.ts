// Whether drafts pay, and for whom: pure decisions from expected gains and measured costs.

import { expect, test } from "vitest";
import {
  DRAFT_LENGTHS,
  type DraftOffer,
  draftLength,
} from "../../../../src/worker/step/draft-length.ts";

/** A stream whose draft tokens are right with this chance each; 0: it has no draft. */
function offer(chance: number, changes: Partial<DraftOffer> = {}): DraftOffer {
  const expected = (length: number) => (chance * (1 - chance ** length)) / (1 - chance);
  const accepted = chance === 0 ? [] : DRAFT_LENGTHS.map(expected);
  return { accepted, gained: 0, generated: 100, ...changes };
}

type Step = Partial<Parameters<typeof draftLength>[0]>;

/** @param perToken cost of a draft token, in steps */
function lengthFor(offers: readonly DraftOffer[], perToken: number, step: Step = {}) {
  const ratio = (drafted: number) => 1 + perToken * drafted;
  return draftLength({ offers, streams: offers.length, most: 100, ratio, ...step });
}

test("drafts far where tokens are cheap and mostly right", () => {
  expect(lengthFor([offer(0.97)], 0.02)).toBeGreaterThanOrEqual(16);
});

test("drafts less where tokens cost more or are less often right", () => {
  const far = lengthFor([offer(0.9)], 0.1);

  expect(lengthFor([offer(0.7)], 0.1)).toBeLessThan(far);
  expect(lengthFor([offer(0.9)], 0.4)).toBeLessThan(far);
  expect(lengthFor([offer(0.7)], 0.1)).toBeGreaterThan(0);
});

test.each([
  ["the draft is mostly wrong", 0.3, 0.4],
  ["a draft token costs as much as a step", 0.95, 1],
])("does not draft when %s", (_when, chance, perToken) => {
  expect(lengthFor([offer(chance)], perToken)).toBe(0);
});

test("does not draft before a step without drafts was measured", () => {
  expect(lengthFor([offer(0.97)], 0, { ratio: () => null })).toBe(0);
});

test("does not draft more than there is room for", () => {
  expect(lengthFor([offer(0.97)], 0.01, { most: 5 })).toBe(4);
  expect(lengthFor([offer(0.97)], 0.01, { most: 0 })).toBe(0);
});

test("does not slow a stream that has no draft itself, unless it hardly notices", () => {
  const others = [offer(0, { generated: 0 }), offer(0, { generated: 0 })];

  expect(lengthFor([offer(0.97), ...others], 0.5)).toBe(0);
  expect(lengthFor([offer(0.97), ...others], 0.01)).toBeGreaterThan(0);
});

test("a stream that is behind by more than 3 % of its tokens is not slowed further", () => {
  const behind = (gained: number) => [offer(0.97), offer(0, { gained, generated: 1_000 })];

  expect(lengthFor(behind(0), 0.05)).toBeGreaterThan(0);
  expect(lengthFor(behind(-32), 0.05)).toBe(0);
});

test("a request whose drafts have lost more than they gained stops drafting", () => {
  expect(lengthFor([offer(0.8, { gained: -20, generated: 100 })], 0.3)).toBe(0);
});

test("drafts beside streams that are not counted only if a step hardly takes longer", () => {
  expect(lengthFor([offer(0.97)], 0.005, { streams: 2 })).toBeGreaterThan(0);
  expect(lengthFor([offer(0.97)], 0.04, { streams: 2 })).toBe(0);
});

test("all streams with a draft get the same length, within what their steps cost together", () => {
  const one = lengthFor([offer(0.95)], 0.1);
  const four = lengthFor([offer(0.95), offer(0.95), offer(0.95), offer(0.95)], 0.1);

  expect(four).toBeLessThan(one);
  expect(four).toBeGreaterThan(0);
});
