// What is learned from steps and tokens, and what is drafted after that. No model: tokens and times are given.

import { expect, test } from "vitest";
import { DraftCosts } from "../../../../src/worker/step/draft-costs.ts";
import { HitRates } from "../../../../src/worker/step/hit-rates.ts";
import { Speculation } from "../../../../src/worker/step/speculation.ts";

const quiet = (ms: number, decodes = 1) => ({ ms, decodes, promptTokens: 0 });
const drafted = (ms: number, checked: number, decodes = 1) => ({
  ...quiet(ms, decodes),
  drafts: { checked, accepted: 0, refused: 0 },
});

test("a rate follows what was measured for matches of that length", () => {
  const rates = new HitRates(null);
  const before = rates.rate(2);
  for (let count = 0; count < 50; count++) rates.observe(2, false);
  for (let count = 0; count < 50; count++) rates.observe(30, true);

  expect(rates.rate(2)).toBeLessThan(before / 3);
  expect(rates.rate(30)).toBeGreaterThan(0.99);
  expect(rates.rate(7)).toBe(new HitRates(null).rate(7));
});

test("a new request starts with the rates of the requests before it", () => {
  const all = new HitRates(null);
  const first = new HitRates(all);
  for (let count = 0; count < 100; count++) first.observe(4, false);

  expect(new HitRates(all).rate(4)).toBeLessThan(0.05);
});

test("the cost of a draft is the time of its steps in steps without", () => {
  const costs = new DraftCosts();
  expect(costs.ratio(1, 4)).toBeNull();
  costs.observe(quiet(10));
  for (let count = 0; count < 30; count++) costs.observe(drafted(25, 4));

  expect(costs.ratio(1, 4)).toBeCloseTo(2.5);
  expect(costs.ratio(1, 8)).toBeGreaterThanOrEqual(2.5);
  expect(costs.ratio(1, 48)).toBe(Number.POSITIVE_INFINITY);
  expect(costs.ratio(2, 4)).toBeNull();
});

test("steps that read prompts say nothing about drafts", () => {
  const costs = new DraftCosts();

  expect(costs.observe({ ms: 90, decodes: 1, promptTokens: 64 })).toBeNull();
  expect(costs.ratio(1, 1)).toBeNull();
});

test("one delayed step does not end drafts, and high costs are forgotten after a while", () => {
  const costs = new DraftCosts();
  costs.observe(quiet(10));
  costs.observe(drafted(12, 1));
  costs.observe(drafted(1_000, 1));
  expect(costs.ratio(1, 1)).toBeLessThan(2.5);
  for (let count = 0; count < 20; count++) costs.observe(drafted(100, 1));
  const high = costs.ratio(1, 1) ?? 0;
  for (let count = 0; count < 6_000; count++) costs.observe(quiet(10));

  expect(high).toBeGreaterThan(5);
  expect(costs.ratio(1, 1)).toBeLessThan(3);
});

const TEXT = Array.from({ length: 200 }, (_, index) => 1_000 + index);
/** Tokens that never repeat. */
const NEW = Array.from({ length: 200 }, (_, index) => 5_000 + index);

/** Generates `answer` after TEXT, where a step takes 10 ms and each draft token `perTokenMs`. @returns drafts and times */
function answered(speculation: Speculation, answer: readonly number[], perTokenMs: number) {
  const tokens = [...TEXT];
  const drafter = speculation.begin(tokens);
  const end = tokens.length + answer.length;
  let [ms, wrong, checked] = [0, 0, 0];
  const add = () => tokens.push(answer[tokens.length - TEXT.length] ?? -1);
  for (add(); tokens.length < end; ) {
    const most = end - tokens.length - 1;
    const draft = speculation.draft(drafter, { streams: 1, most });
    const stepMs = 10 + perTokenMs * draft.length;
    ms += stepMs;
    checked += draft.length;
    speculation.observe(draft.length > 0 ? drafted(stepMs, draft.length) : quiet(stepMs));
    let accepted = 0;
    while (
      draft[accepted] !== undefined &&
      draft[accepted] === answer[tokens.length - TEXT.length]
    ) {
      accepted += 1;
      add();
    }
    add();
    drafter.credit(accepted);
    wrong += draft.length - accepted;
  }
  speculation.end(drafter);
  return { ms, wrong, checked, plainMs: 10 * (answer.length - 1) };
}

test("a copied text takes a fraction of the time", () => {
  const { ms, plainMs } = answered(new Speculation(), TEXT, 0.5);

  expect(ms).toBeLessThan(plainMs / 4);
});

test("text that was never seen is never drafted", () => {
  expect(answered(new Speculation(), NEW, 0.5)).toMatchObject({ checked: 0 });
});

test("drafts end where they cost more than they save", () => {
  const speculation = new Speculation();
  const { ms, plainMs } = answered(speculation, TEXT, 12);

  expect(ms).toBeLessThan(1.1 * plainMs);
  expect(answered(speculation, TEXT, 12).ms).toBeLessThan(1.03 * plainMs);
});

/** Known pairs of tokens, each followed by a token that never comes again. */
const MISLEADING = Array.from({ length: 300 }, (_, index) => {
  const at = (index * 7) % 190;
  return [TEXT[at] ?? 0, TEXT[at + 1] ?? 0, 9_000 + index];
}).flat();

test("predictions that mislead cost at most 3 % and two steps", () => {
  const { ms, plainMs } = answered(new Speculation(), MISLEADING, 4);

  expect(ms).toBeLessThan(1.03 * plainMs + 25);
});
