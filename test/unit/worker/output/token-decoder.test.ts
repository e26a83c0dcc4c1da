// Decodes tokens to whole characters. The fake vocabulary has one token per byte, and some tokens with several bytes.

import { expect, test } from "vitest";
import { type Detokenize, TokenDecoder } from "../../../../src/worker/output/token-decoder.ts";

const WORDS: Readonly<Record<number, readonly number[]>> = {
  1000: [...Buffer.from("Hello")],
  1001: [...Buffer.from(" "), 0xf0, 0x9f], // a space and half of an emoji
};

const detokenize: Detokenize = (tokens) =>
  Buffer.from(tokens.flatMap((token) => WORDS[token] ?? [token])).toString("utf8");

function pushAll(decoder: TokenDecoder, tokens: readonly number[]): string[] {
  return tokens.map((token) => decoder.push(token));
}

test("returns whole characters at once", () => {
  expect(pushAll(new TokenDecoder(detokenize), [1000, 33])).toEqual(["Hello", "!"]);
});

test("holds a character back until its last byte arrives", () => {
  const bytes = [...Buffer.from("🙂")];

  expect(pushAll(new TokenDecoder(detokenize), bytes)).toEqual(["", "", "", "🙂"]);
});

test("holds back text together with the incomplete character after it, and loses none of it", () => {
  const decoder = new TokenDecoder(detokenize);

  expect(pushAll(decoder, [1000, 1001, 0x99, 0x82, 33])).toEqual(["Hello", "", "", " 🙂", "!"]);
});

test("returns replacement characters for bytes that never become a character", () => {
  const decoder = new TokenDecoder(detokenize);

  const texts = pushAll(
    decoder,
    Array.from({ length: 8 }, () => 0x80),
  );

  expect(texts.slice(0, 7)).toEqual(["", "", "", "", "", "", ""]);
  expect(texts[7]).toBe("\uFFFD".repeat(8));
  expect(decoder.push(33)).toBe("!");
});

test("flushes an incomplete character at the end of the answer, once", () => {
  const decoder = new TokenDecoder(detokenize);
  pushAll(decoder, [0xf0, 0x9f]);

  expect(decoder.flush()).toBe("\uFFFD");
  expect(decoder.flush()).toBe("");
});

test("passes the four tokens before to the tokenizer, including those of the prompt", () => {
  const calls: (readonly number[])[][] = [];
  const recording: Detokenize = (tokens, before) => {
    calls.push([[...tokens], [...before]]);
    return detokenize(tokens, before);
  };
  const decoder = new TokenDecoder(recording, [1, 2, 3, 4, 5]);

  pushAll(decoder, [65, 0xc3, 0xa9, 66]);

  expect(calls).toEqual([
    [[65], [2, 3, 4, 5]],
    [[0xc3], [3, 4, 5, 65]],
    [
      [0xc3, 0xa9],
      [3, 4, 5, 65],
    ],
    [[66], [5, 65, 0xc3, 0xa9]],
  ]);
});
