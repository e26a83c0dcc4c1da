// Swapping models under load, in fake time with the real queue: no answer is cut, nobody starves, and keys keep their shares.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FleetSimulation, type SimulatedModel } from "../../../support/engines/fleet-simulation.ts";
import { randomFrom } from "../../../support/engines/share-simulation.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const MINUTE_MS = 60_000;

function models(names: string, loadMs = 1_000): SimulatedModel[] {
  return [...names].map((name) => ({ name, slots: 4, bytes: 4, loadMs }));
}

/** Clients of one key that ask for one of the models at random. */
function clients(owner: string, count: number, { names, seed }: { names: string; seed: number }) {
  const random = randomFrom(seed);
  return Array.from({ length: count }, () => ({
    owner,
    model: () => names[random(0, names.length - 1)] ?? "",
    tokens: () => random(200, 4_000),
    pauseMs: () => random(0, 500),
  }));
}

test("30 clients of three keys ask for three models, of which two fit, for four minutes", async () => {
  const simulation = new FleetSimulation(models("abc"), 8);
  const everybody = ["x", "y", "z"].flatMap((owner, index) =>
    clients(owner, 10, { names: "abc", seed: index + 1 }),
  );

  await simulation.run(everybody, 4 * MINUTE_MS);

  expect(simulation.failures).toEqual([]);
  expect(simulation.peakBytes).toBeLessThanOrEqual(8);
  for (const share of Object.values(simulation.shares))
    expect(Math.abs(share - 1)).toBeLessThan(0.1);
  expect(simulation.longestWaitMs()).toBeLessThan(MINUTE_MS);
  expect(simulation.queue.inside).toBe(0);
});

test("a key with many clients gets no larger share than keys with few, over all models", async () => {
  const simulation = new FleetSimulation(models("abc"), 8);
  const everybody = [
    ...clients("many", 40, { names: "abc", seed: 1 }),
    ...clients("few", 12, { names: "abc", seed: 2 }),
  ];

  await simulation.run(everybody, 4 * MINUTE_MS);

  expect(simulation.failures).toEqual([]);
  for (const share of Object.values(simulation.shares))
    expect(Math.abs(share - 1)).toBeLessThan(0.1);
});

test("a model that is always wanted makes room for one request of another model, and comes back", async () => {
  const simulation = new FleetSimulation(models("ab"), 4);
  const flood = clients("x", 20, { names: "a", seed: 1 });
  const running = simulation.run(flood, 5 * MINUTE_MS);
  const single = { owner: "y", model: () => "b", tokens: () => 100 };
  await vi.advanceTimersByTimeAsync(0);

  await Promise.all([running, simulation.request(single)]);

  expect(simulation.failures).toEqual([]);
  expect(simulation.longestWaitMs("b")).toBeLessThan(20_000);
  expect(simulation.log).toEqual(["load a", "unload a", "load b", "unload b", "load a"]);
});

test("two models that are always wanted take turns, and load for less than a third of the time", async () => {
  const simulation = new FleetSimulation(models("ab", 2_000), 4);
  const both = [
    ...clients("x", 8, { names: "a", seed: 1 }),
    ...clients("x", 8, { names: "b", seed: 2 }),
  ];

  await simulation.run(both, 4 * MINUTE_MS);

  const loads = simulation.log.filter((line) => line.startsWith("load")).length;
  const answered = (name: string) =>
    simulation.answers.filter(({ model }) => model === name).length;
  expect(simulation.failures).toEqual([]);
  expect((loads * 2_000) / (4 * MINUTE_MS)).toBeLessThan(1 / 3);
  expect(answered("a") / answered("b")).toBeGreaterThan(0.8);
  expect(answered("a") / answered("b")).toBeLessThan(1.25);
  expect(simulation.longestWaitMs()).toBeLessThan(MINUTE_MS);
});

test("many first requests load a model once", async () => {
  const simulation = new FleetSimulation(models("a"), 8);
  const ask = () => simulation.request({ owner: "x", model: () => "a", tokens: () => 10 });

  const all = Promise.all(Array.from({ length: 8 }, ask));
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  await all;

  expect(simulation.log).toEqual(["load a"]);
  expect(simulation.answers).toHaveLength(8);
});

test("a large model is not kept out by small ones that are always wanted", async () => {
  const small = models("ab").map((each) => ({ ...each, bytes: 3 }));
  const large = { name: "l", slots: 1, bytes: 8, loadMs: 3_000 };
  const simulation = new FleetSimulation([...small, large], 8);
  const running = simulation.run(clients("x", 16, { names: "ab", seed: 1 }), 3 * MINUTE_MS);
  await vi.advanceTimersByTimeAsync(0);

  await Promise.all([
    running,
    simulation.request({ owner: "y", model: () => "l", tokens: () => 50 }),
  ]);

  expect(simulation.failures).toEqual([]);
  expect(simulation.longestWaitMs("l")).toBeLessThan(30_000);
});

test("short requests for many models do not keep out the long answers of another key", async () => {
  const simulation = new FleetSimulation(models("abcde"), 4);
  const short = clients("x", 16, { names: "abcd", seed: 1 }).map((client) => ({
    ...client,
    tokens: () => 1,
  }));
  const long = clients("y", 2, { names: "e", seed: 2 });

  await simulation.run([...short, ...long], 5 * MINUTE_MS);

  expect(simulation.failures).toEqual([]);
  expect(simulation.longestWaitMs("e")).toBeLessThan(20_000);
});

test("questions to many models do not keep out the answers of another key", async () => {
  const simulation = new FleetSimulation(models("abcde"), 4);
  const questions = clients("x", 16, { names: "abcd", seed: 1 }).map((client) => ({
    ...client,
    asks: true,
  }));

  await simulation.run([...questions, ...clients("y", 2, { names: "e", seed: 2 })], 5 * MINUTE_MS);

  expect(simulation.failures).toEqual([]);
  expect(simulation.longestWaitMs("e")).toBeLessThan(30_000);
});
