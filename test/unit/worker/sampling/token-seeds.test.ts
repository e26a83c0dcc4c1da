// The seeds of single tokens.

import type { LlamaContextSequence } from "node-llama-cpp";
import { expect, test } from "vitest";
import { SEEDS } from "../../../../src/generation/request.ts";
import { acceptSeedFunctions } from "../../../../src/worker/library-internals.ts";
import { seedOfEachToken, tokenSeed } from "../../../../src/worker/sampling/token-seeds.ts";

test("positions of an answer, and choices with consecutive seeds, never share a seed nearby", () => {
  const seeds = [0, 1, 2, 7, SEEDS - 1].flatMap((seed) =>
    Array.from({ length: 1000 }, (_, position) => tokenSeed(seed, position)),
  );

  expect(new Set(seeds).size).toBe(seeds.length);
  expect(seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed < SEEDS)).toBe(true);
});

test("the library is given the seed of the token that is drawn, and numbers as they are", () => {
  const given: unknown[] = [];
  const sequence = acceptSeedFunctions({
    _resolveSamplerConfig: (options: object) => given.push(options),
  } as unknown as LlamaContextSequence) as unknown as {
    _resolveSamplerConfig(options: object): void;
  };
  let position = 3;
  const seed = seedOfEachToken(7, () => position);

  sequence._resolveSamplerConfig({ temperature: 1, seed });
  position = 4;
  sequence._resolveSamplerConfig({ temperature: 1, seed });
  sequence._resolveSamplerConfig({ temperature: 0, seed: 5 });

  expect(given).toEqual([
    { temperature: 1, seed: tokenSeed(7, 3) },
    { temperature: 1, seed: tokenSeed(7, 4) },
    { temperature: 0, seed: 5 },
  ]);
});
