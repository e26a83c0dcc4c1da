// The dialect of POST /completion, in the form of llama.cpp's server: continues a text.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md

import { z } from "zod";
import type { AskedPrompt } from "../../generation/request.ts";
import type { Dialect } from "../dialect.ts";
import { MAX_TOKEN_ID } from "../openai/completions.ts";
import * as field from "../shared/field-types.ts";
import { llamaCppErrors } from "./errors.ts";
import { NATIVE_CONTRACT, nativeFields, parseNative } from "./native.ts";

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
    ...NATIVE_CONTRACT,
    name: "NativeCompletion",
    summary: "Continues a text",
    body: schema,
    example: { prompt: "Streaming is", n_predict: 40 },
  },
  parse: (body, context) => parseNative(body, { schema, promptOf, context }),
  encodeError: llamaCppErrors({ logitBias: "logit_bias" }),
};

function promptOf({ prompt }: z.output<typeof schema>): AskedPrompt {
  return typeof prompt === "string"
    ? { type: "text", text: prompt }
    : { type: "tokens", tokens: prompt };
}
