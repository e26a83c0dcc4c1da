// The endpoints POST /tokenize and POST /detokenize, in the form of llama.cpp's server.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md

import { z } from "zod";
import type { TokenPiece } from "../../generation/questions.ts";
import type { Endpoint } from "../endpoint.ts";
import { openaiError } from "../openai/answer.ts";
import { defaulted } from "../shared/fields.ts";
import { parseBody } from "../shared/parse-body.ts";
import { tokenList, tokenText } from "./answers.ts";

/** Tokenizing blocks the worker for about 5 µs per token, and every byte may be a token. */
const MAX_BYTES = 200_000;
/** A token may stand for hundreds of characters. */
const MAX_TOKENS = 200_000;

const toTokenize = z.object({
  model: z.string().nullish(),
  content: z
    .string()
    .refine((text) => Buffer.byteLength(text) <= MAX_BYTES, `must have at most ${MAX_BYTES} bytes`)
    .refine((text) => text.isWellFormed(), "must be valid Unicode"),
  add_special: defaulted(z.boolean(), false),
  parse_special: defaulted(z.boolean(), true),
  with_pieces: defaulted(z.boolean(), false),
});

export const nativeTokenize: Endpoint = {
  path: "/tokenize",

  contract: {
    name: "Tokenization",
    tag: "llama.cpp",
    summary: "Splits a text into tokens",
    body: toTokenize,
    unsupported: {},
    example: { content: "Hi there", with_pieces: true },
    answer: tokenList,
    error: openaiError,
    codes: [],
  },

  parse(body) {
    const { fields, ignoredParams } = parseBody(toTokenize, body, {});
    return {
      model: fields.model ?? null,
      ignoredParams,
      answer: async (ask) => {
        const pieces = await ask({
          type: "tokenize",
          text: fields.content,
          addsBeginning: fields.add_special,
          readsControlTokens: fields.parse_special,
        });
        return { tokens: fields.with_pieces ? pieces.map(encodePiece) : pieces.map(idOf) };
      },
    };
  },
};

function idOf({ id }: TokenPiece): number {
  return id;
}

/** Returns bytes for a token that holds only part of a character. */
function encodePiece({ id, text, bytes }: TokenPiece) {
  const isWhole = Buffer.from(text).equals(Uint8Array.from(bytes));
  return { id, piece: isWhole ? text : bytes };
}

const toDetokenize = z.object({
  model: z.string().nullish(),
  tokens: z.array(z.int().min(0)).max(MAX_TOKENS, `must have at most ${MAX_TOKENS} tokens`),
});

export const nativeDetokenize: Endpoint = {
  path: "/detokenize",

  contract: {
    name: "Detokenization",
    tag: "llama.cpp",
    summary: "Joins tokens into a text",
    body: toDetokenize,
    unsupported: {},
    example: { tokens: [662, 1933] },
    answer: tokenText,
    error: openaiError,
    codes: [],
  },

  parse(body) {
    const { fields, ignoredParams } = parseBody(toDetokenize, body, {});
    return {
      model: fields.model ?? null,
      ignoredParams,
      answer: async (ask) => ({
        content: await ask({ type: "detokenize", tokens: fields.tokens }),
      }),
    };
  },
};
