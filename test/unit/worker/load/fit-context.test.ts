// The default context size by memory, and the advice for a size that does not fit.

import { expect, test } from "vitest";
import {
  adviseSize,
  type ContextSize,
  chooseContextTokens,
  largestFit,
} from "../../../../src/worker/load/fit-context.ts";

const WEIGHTS_BYTES = 1_000_000;
const TOKEN_BYTES = 10;

/** Rounds up to 256 tokens, as llama.cpp does. */
async function needAt({ contextTokens, slots }: ContextSize) {
  const padded = Math.ceil(contextTokens / 256) * 256;
  return { ramBytes: WEIGHTS_BYTES + padded * slots * TOKEN_BYTES, vramBytes: 0 };
}

/** Room for the weights and this many tokens in all slots together. */
const roomFor = (tokens: number) => ({
  ramBytes: WEIGHTS_BYTES + tokens * TOKEN_BYTES,
  vramBytes: 0,
});

const choose = (trainedTokens: number, tokens: number) =>
  chooseContextTokens({ trainedTokens, slots: 4, needAt, room: roomFor(tokens) });

test.each([
  ["what the model was trained for, if that fits", 8192, 1e9, 8192],
  ["a trained length that is no multiple of 256", 5000, 1e9, 5000],
  ["at most 32768 tokens", 131_072, 1e9, 32_768],
  ["the largest multiple of 256 that fits", 131_072, 4 * 10_000, 9984],
  ["a size that fits exactly", 131_072, 4 * 10_240, 10_240],
  ["a multiple of 256 below an odd trained length", 5000, 4 * 5000, 4864],
  ["4096 tokens when they hardly fit", 131_072, 4 * 4096, 4096],
  ["4096 tokens even when they do not fit", 131_072, 4 * 1000, 4096],
  ["a shorter trained length even when it does not fit", 1000, 0, 1000],
])("chooses %s", async (_, trained, tokens, chosen) => {
  expect(await choose(trained, tokens)).toBe(chosen);
});

test("chooses by the memory of the GPU as well", async () => {
  const onGpu = async (size: ContextSize) => ({
    ramBytes: 0,
    vramBytes: (await needAt(size)).ramBytes,
  });
  const room = { ramBytes: 1e12, vramBytes: roomFor(4 * 6000).ramBytes };

  const chosen = await chooseContextTokens({
    trainedTokens: 32_768,
    slots: 4,
    needAt: onGpu,
    room,
  });

  expect(chosen).toBe(5888);
});

const advise = (size: ContextSize, tokens: number) =>
  adviseSize({ size, needAt, room: roomFor(tokens) });

test.each([
  [{ contextTokens: 32_768, slots: 4 }, 40_000, "it would fit with context=9984 or slots=1"],
  [{ contextTokens: 32_768, slots: 4 }, 80_000, "it would fit with context=19968 or slots=2"],
  [{ contextTokens: 32_768, slots: 4 }, 20_000, "it would fit with context=4864"],
  [{ contextTokens: 256, slots: 4 }, 512, "it would fit with slots=2"],
  [{ contextTokens: 512, slots: 4 }, 256, "it would fit with context=256 and slots=1"],
  [{ contextTokens: 4096, slots: 1 }, 300, "it would fit with context=256"],
  [{ contextTokens: 4096, slots: 4 }, 0, "a smaller file or quantization is needed"],
  [{ contextTokens: 100, slots: 1 }, 0, "a smaller file or quantization is needed"],
])("advises for %j in room for %i tokens: %s", async (size, tokens, text) => {
  expect(await advise(size, tokens)).toBe(text);
});

test("asks for few sizes only", async () => {
  const asked: number[] = [];

  await largestFit({
    least: 4096,
    most: 32_768,
    step: 256,
    fits: async (value) => {
      asked.push(value);
      return value <= 12_345;
    },
  });

  expect(asked.length).toBeLessThan(12);
  expect(Math.max(...asked.filter((value) => value <= 12_345))).toBe(12_288);
});
