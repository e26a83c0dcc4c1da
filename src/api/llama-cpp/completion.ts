// The dialect of POST /completion, in the form of llama.cpp's server: continues a text.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md

import { z } from "zod";
import type { AskedPrompt } from "../../generation/request.ts";
import type { Dialect } from "../dialect.ts";
import { MAX_TOKEN_ID } from "../openai/completions.ts";

import * as field from "../shared/field-types.ts";
import { eitherOf, requestsOf } from "../shared/fields.ts";
import { parseBody } from "../shared/parse-body.ts";
import { formatOf } from "../shared/schema-grammar.ts";
import { LLAMA_CPP, nativeAnswer, nativeFrame, pickedFields } from "./answers.ts";
import { NATIVE_POLICY, NativeEncoder, nativeFields } from "./encoder.ts";
import { llamaCppErrors } from "./errors.ts";

const PROMPT_VALUES = "must be a string or a list of token ids";

/** A list may hold a million ids, over which zod would be slow. */
function isPrompt(given: unknown): given is string | readonly number[] {
  if (typeof given === "string") return true;
  if (!Array.isArray(given) || given.length === 0) return false;
  return given.every((id) => Number.isInteger(id) && id >= 0 && id <= MAX_TOKEN_ID);
}

const [text, ids] = field.textsOrIds(1, {}, { maximum: MAX_TOKEN_ID });

const schema = z.object({
  ...nativeFields,
  prompt: z
    .custom<string | readonly number[]>(isPrompt, PROMPT_VALUES)
    .meta({ anyOf: [text, ids] })
    .describe("A text, or its token ids."),
});

export const nativeCompletion: Dialect = {
  path: "/completion",

  contract: {
    name: "NativeCompletion",
    tag: LLAMA_CPP,
    summary: "Continues a text",
    body: schema,
    ...NATIVE_POLICY,
    example: { prompt: "Streaming is", n_predict: 40 },
    answer: z.union([nativeAnswer, pickedFields]),
    event: z.union([nativeFrame, nativeAnswer, pickedFields]),
    codes: ["unsupported_schema", "context_length_exceeded"],
  },

  parse(body, context) {
    const { fields, ignoredParams } = parseBody(schema, body, NATIVE_POLICY);
    const { prompt, response_fields } = fields;
    const asked: AskedPrompt =
      typeof prompt === "string"
        ? { type: "text", text: prompt }
        : { type: "tokens", tokens: prompt };
    const parsed = requestsOf(
      { ...fields, n: 1, stream_options: null },
      {
        prompts: [asked],
        format: formatOf(fields),
        maxTokens: eitherOf(fields, "n_predict", "max_tokens"),
        logprobs: null,
        echoesPrompt: false,
      },
      context,
    );
    const [request] = parsed.requests;
    if (!request) throw new Error("one prompt is one request");
    return {
      ...parsed,
      ignoredParams,
      encoder: (identity) => new NativeEncoder(identity, request, response_fields ?? []),
    };
  },

  encodeError: llamaCppErrors({ logitBias: "logit_bias" }),
};
