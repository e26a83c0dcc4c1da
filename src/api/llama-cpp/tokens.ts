// The endpoints POST /tokenize and POST /detokenize, in the form of llama.cpp's server.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md

import { z } from "zod";
import type { TokenPiece } from "../../generation/questions.ts";
import type { Endpoint } from "../endpoint.ts";
import * as field from "../shared/field-types.ts";
import { parseBody } from "../shared/parse-body.ts";
import { LLAMA_CPP, tokenList, tokenText } from "./answers.ts";

/** Tokenizing blocks the worker for about 5 µs per token, and every byte may be a token. */
const MAX_BYTES = 200_000;
/** A token may stand for hundreds of characters. */
const MAX_TOKENS = 200_000;

const toTokenize = z.object({
  model: field.modelId,
  content: z
    .string()
    .refine((text) => Buffer.byteLength(text) <= MAX_BYTES, `must have at most ${MAX_BYTES} bytes`)
    .refine((text) => text.isWellFormed(), "must be valid Unicode")
    .describe("The text."),
  add_special: field.off("Whether to add the token that begins every text."),
  parse_special: field.on("Whether to parse the texts of control tokens as control tokens."),
  with_pieces: field.off("Whether to return each token's text."),
});

export const nativeTokenize: Endpoint = {
  path: "/tokenize",

  contract: {
    name: "Tokenization",
    tag: LLAMA_CPP,
    summary: "Splits a text into tokens",
    body: toTokenize,
    unsupported: {},
    example: { content: "Hi there", with_pieces: true },
    answer: tokenList,
    codes: [],
  },

  parse(body) {
    const { fields, ignoredParams } = parseBody(toTokenize, body);
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
        return {
          tokens: fields.with_pieces ? pieces.map(encodePiece) : pieces.map(({ id }) => id),
        };
      },
    };
  },
};

/** Returns bytes for a token that holds only part of a character. */
function encodePiece({ id, text, bytes }: TokenPiece) {
  const isWhole = Buffer.from(text).equals(Uint8Array.from(bytes));
  return { id, piece: isWhole ? text : bytes };
}

const toDetokenize = z.object({
  model: field.modelId,
  tokens: z
    .array(z.int().min(0))
    .max(MAX_TOKENS, `must have at most ${MAX_TOKENS} tokens`)
    .describe("Token ids."),
});

export const nativeDetokenize: Endpoint = {
  path: "/detokenize",

  contract: {
    name: "Detokenization",
    tag: LLAMA_CPP,
    summary: "Joins tokens into a text",
    body: toDetokenize,
    unsupported: {},
    example: { tokens: [662, 1933] },
    answer: tokenText,
    codes: [],
  },

  parse(body) {
    const { fields, ignoredParams } = parseBody(toDetokenize, body);
    return {
      model: fields.model ?? null,
      ignoredParams,
      answer: async (ask) => ({
        content: await ask({ type: "detokenize", tokens: fields.tokens }),
      }),
    };
  },
};
