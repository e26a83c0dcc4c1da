// Each token is drawn with its own seed, so that a run that continues in another slot or worker draws the same numbers as an
// undisturbed one. Counting the draws would not work: a token takes no draw if one candidate is left, and two if its grammar
// refuses the first.

import { SEEDS } from "../../generation/request.ts";

/**
 * The seed of a run as a function, which library-internals.ts makes the library accept although its types do not.
 * @param position number of tokens that the answer has so far
 */
export function seedOfEachToken(seed: number, position: () => number): number {
  return (() => tokenSeed(seed, position())) as unknown as number;
}

/** Neighbouring seeds (the choices of a request) and positions give unrelated results: the last step of MurmurHash3. */
export function tokenSeed(seed: number, position: number): number {
  let mixed = seed ^ Math.imul(position, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) % SEEDS;
}
