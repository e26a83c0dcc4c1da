// Each token is drawn with a seed of its own, so that a run that goes on in another slot or worker draws the numbers that it
// would have drawn. Counting draws would not do: a token takes none where one candidate is left, and two where its grammar
// refuses the first. The library takes functions for biases and grammars but not for seeds; hence its inner part, which its
// version pin and test/model/parking.test.ts hold still.

import type { LlamaContextSequence, SequenceEvaluateOptions } from "node-llama-cpp";
import { SEEDS } from "../../generation/request.ts";

type Internals = { _resolveSamplerConfig(options: SequenceEvaluateOptions): object };

/** Lets the `seed` of `evaluate()` be what `seedOfEachToken` returns. */
export function acceptSeedFunctions(sequence: LlamaContextSequence): LlamaContextSequence {
  const inner = sequence as unknown as Internals;
  const resolve = inner._resolveSamplerConfig.bind(sequence);
  inner._resolveSamplerConfig = (options) => {
    const seed: unknown = options.seed;
    return resolve(typeof seed === "function" ? { ...options, seed: seed() } : options);
  };
  return sequence;
}

/** The types know a number only. @param position how many tokens of the answer there are */
export function seedOfEachToken(seed: number, position: () => number): number {
  return (() => tokenSeed(seed, position())) as unknown as number;
}

/** Neighbouring seeds and positions give unrelated results (MurmurHash3's last step): choices have consecutive seeds. */
export function tokenSeed(seed: number, position: number): number {
  let mixed = seed ^ Math.imul(position, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) % SEEDS;
}
