// Chooses the context size that fits into the memory, and says what would fit instead of a size that does not. Pure: the needs
// come from memory-needs.ts.

import { fitsInto, fitsWithLayersInRam, type MemoryUse } from "../../generation/memory-use.ts";

/** Slots, and the tokens of each. */
export type ContextSize = { readonly contextTokens: number; readonly slots: number };

/** The memory for the weights and a context. More tokens or slots never need less. */
export type NeedAt = (size: ContextSize) => Promise<MemoryUse>;

/** llama.cpp reserves memory for multiples of this. */
const STEP_TOKENS = 256;
/** The default is at least this, or what the model was trained for, even when it does not fit. */
const LEAST_DEFAULT_TOKENS = 4096;
const MOST_DEFAULT_TOKENS = 32_768;

type ChoiceOptions = {
  /** At least 256. */
  readonly trainedTokens: number;
  readonly slots: number;
  readonly needAt: NeedAt;
  readonly room: MemoryUse;
};

/** The default for the tokens of each slot: as many as fit, between the two limits. */
export async function chooseContextTokens({
  trainedTokens,
  slots,
  needAt,
  room,
}: ChoiceOptions): Promise<number> {
  const least = Math.min(LEAST_DEFAULT_TOKENS, trainedTokens);
  const most = Math.min(MOST_DEFAULT_TOKENS, trainedTokens);
  const fits = async (contextTokens: number) =>
    fitsInto(await needAt({ contextTokens, slots }), room);
  return (await largestFit({ least, most, step: STEP_TOKENS, fits })) ?? least;
}

type AdviceOptions = {
  readonly size: ContextSize;
  readonly needAt: NeedAt;
  readonly room: MemoryUse;
};

/** Says what fits when `size` does not: fewer tokens, fewer slots, both, or only a smaller file. */
export async function adviseSize({ size, needAt, room }: AdviceOptions): Promise<string> {
  const fits = async (smaller: ContextSize) => fitsWithLayersInRam(await needAt(smaller), room);
  const contextFor = (slots: number) =>
    largestFit({
      least: STEP_TOKENS,
      most: size.contextTokens,
      step: STEP_TOKENS,
      fits: (contextTokens) => fits({ contextTokens, slots }),
    });
  const { contextTokens } = size;
  const context = await contextFor(size.slots);
  const slots = await largestFit({
    least: 1,
    most: size.slots,
    step: 1,
    fits: (count) => fits({ contextTokens, slots: count }),
  });
  const ways = [context && `context=${context}`, slots && `slots=${slots}`].filter(Boolean);
  if (ways.length > 0) return `it would fit with ${ways.join(" or ")}`;
  const lone = await contextFor(1);
  if (lone !== null) return `it would fit with context=${lone} and slots=1`;
  return "a smaller file or quantization is needed";
}

type SearchOptions = {
  readonly least: number;
  readonly most: number;
  /** Between the two limits, only multiples of this are tried. */
  readonly step: number;
  /** Must not be true again above a value for which it is false. */
  readonly fits: (value: number) => Promise<boolean>;
};

/** @returns null if not even the least value fits */
export async function largestFit({
  least,
  most,
  step,
  fits,
}: SearchOptions): Promise<number | null> {
  if (most < least) return null;
  if (await fits(most)) return most;
  if (!(await fits(least))) return null;
  let fitting = Math.floor(least / step);
  let tooLarge = Math.ceil(most / step);
  while (tooLarge - fitting > 1) {
    const middle = Math.floor((fitting + tooLarge) / 2);
    if (await fits(middle * step)) fitting = middle;
    else tooLarge = middle;
  }
  return Math.max(least, fitting * step);
}
