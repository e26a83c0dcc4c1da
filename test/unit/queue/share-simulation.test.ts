// Shares over a long run, in simulated time: no key gets 10 % more or less than the others.

import { afterEach, describe, expect, test, vi } from "vitest";
import {
  randomFrom,
  ShareSimulation,
  type SimulatedKey,
} from "../../support/engines/share-simulation.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const LONG_MS = 100_000;

const short = { inside: 20, cost: () => ({ prompt: 10, answer: 20 }) };
const long = { inside: 8, cost: () => ({ prompt: 600, answer: 1_400 }) };

function expectEqual(shares: Record<string, number>): void {
  for (const [owner, share] of Object.entries(shares)) {
    expect(share, `share of ${owner}`).toBeGreaterThan(0.9);
    expect(share, `share of ${owner}`).toBeLessThan(1.1);
  }
}

const random = randomFrom(7);

const MIXES: Readonly<Record<string, readonly SimulatedKey[]>> = {
  "many short requests beside few long ones": [
    { owner: "short", ...short },
    { owner: "long", ...long },
  ],
  "50 waiting requests beside 5": [
    { owner: "many", ...short, inside: 50 },
    { owner: "few", ...short, inside: 5 },
  ],
  "answers of unpredictable length": [
    {
      owner: "wild",
      inside: 9,
      cost: () => ({ prompt: 5, answer: random(0, 9) === 0 ? 4_000 : 1 }),
    },
    { owner: "short", ...short },
    { owner: "long", ...long },
  ],
  "cached and uncached prompts": [
    { owner: "cached", inside: 9, cost: () => ({ prompt: 900, cached: 880, answer: 30 }) },
    { owner: "fresh", inside: 9, cost: () => ({ prompt: 900, answer: 30 }) },
  ],
  "requests of 8 choices beside requests of one": [
    { owner: "choices", ...short, inside: 32, choices: 8 },
    { owner: "single", ...short },
    { owner: "long choices", ...long, inside: 16, choices: 8 },
  ],
  "twelve keys of all kinds": Array.from({ length: 12 }, (_, index) => ({
    owner: `key-${index}`,
    inside: 5 + 5 * index,
    cost: () => ({ prompt: random(1, 40 * (index + 1)), answer: random(1, 20 * (12 - index)) }),
  })),
};

describe.each([1, 4])("on %i slots, shares are equal for", (slots) => {
  test.each(Object.keys(MIXES))("%s", (name) => {
    const simulation = new ShareSimulation(slots, MIXES[name] ?? []);

    expectEqual(simulation.sharesUntil(LONG_MS));
  });
});

test("a key that arrives late gets its share from then on, and no more", () => {
  const late = { owner: "late", ...short, asksAt: (atMs: number) => atMs >= LONG_MS };
  const simulation = new ShareSimulation(4, [
    { owner: "a", ...short },
    { owner: "b", ...long },
    late,
  ]);
  simulation.runUntil(LONG_MS);
  expect(simulation.tokensOf("late")).toBe(0);

  expectEqual(simulation.sharesUntil(2 * LONG_MS));
});

test("a key that comes and goes gets no credit for the time it was away", () => {
  const comes = (atMs: number) => atMs % 100_000 < 50_000;
  const keys = [
    { owner: "a", ...short },
    { owner: "b", ...long },
    { owner: "visitor", ...short, asksAt: comes },
  ];
  const simulation = new ShareSimulation(4, keys);
  for (let visit = 0; visit < 5; visit += 1) {
    const shares = simulation.sharesUntil(visit * 100_000 + 50_000);
    if (visit > 0) expect(shares.visitor, `visit ${visit}`).toBeLessThan(1.15);
    simulation.runUntil((visit + 1) * 100_000);
  }
});

test("a key with few slots gets no credit for those it could not have", () => {
  const limited = { owner: "limited", ...short, slots: 1 };
  const late = { owner: "late", ...short, asksAt: (atMs: number) => atMs >= LONG_MS };
  const simulation = new ShareSimulation(4, [limited, { owner: "a", ...short }, late]);
  simulation.runUntil(LONG_MS);

  const { a = 0, late: lately = 0, limited: least = 0 } = simulation.sharesUntil(LONG_MS * 1.3);

  expect(least).toBeGreaterThan(0.7); // one of four slots is three quarters of a third
  expect(lately / a).toBeGreaterThan(0.9);
  expect(lately / a).toBeLessThan(1.1);
});

test("a request of a key that rarely asks waits for the next slot at most", () => {
  const rare = { owner: "rare", inside: 1, cost: () => ({ prompt: 10, answer: 20 }) };
  const simulation = new ShareSimulation(4, [{ owner: "busy", ...long, inside: 54 }, rare]);

  simulation.runUntil(LONG_MS);

  const waits = simulation.served
    .filter(({ owner }) => owner === "rare")
    .map(({ arrivedAtMs, startedAtMs }) => startedAtMs - arrivedAtMs);
  expect(waits.length).toBeGreaterThan(40);
  expect(Math.max(...waits)).toBeLessThanOrEqual(2_000); // one request of the other key
});

test("flex requests take nothing from the others, and do not starve", () => {
  const flex = { owner: "flex", inside: 10, isFlex: true, cost: short.cost };
  const simulation = new ShareSimulation(4, [{ owner: "a", ...short, inside: 40 }, flex], 30_000);
  simulation.runUntil(LONG_MS);

  const waits = simulation.served
    .filter(({ owner }) => owner === "flex")
    .map(({ arrivedAtMs, startedAtMs }) => startedAtMs - arrivedAtMs);
  expect(waits.length).toBeGreaterThan(20); // 10 of them every 30 s
  expect(Math.max(...waits)).toBeLessThan(31_000);
  expect(simulation.tokensOf("flex") / simulation.tokensOf("a")).toBeLessThan(0.01);
});

test("a single key uses all slots, in order of arrival", () => {
  const simulation = new ShareSimulation(4, [{ owner: "alone", ...long }]);

  simulation.runUntil(100_000);

  const arrivals = simulation.served.map(({ arrivedAtMs }) => arrivedAtMs);
  expect(arrivals).toEqual([...arrivals].sort((a, b) => a - b));
  expect(simulation.tokensOf("alone")).toBe(4 * 100_000);
});
