// Encodes errors of llama.cpp's own routes: OpenAI's form, and llama.cpp's words and fields for a prompt that does not fit.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md

import type { ServiceError } from "../../errors.ts";
import { type FieldNames, inWireTerms, type OverflowWords } from "../shared/field-names.ts";
import type { LlamaCppError } from "./answers.ts";

/** Makes the encoder for a route with these field names. */
export function llamaCppErrors(names: FieldNames): (error: ServiceError) => LlamaCppError {
  return (error) => {
    const { code, message, param, traits, counts } = inWireTerms(error, names, overflowWords);
    if (counts === null) return { error: { message, type: traits.type, param, code } };
    const { promptTokens: n_prompt_tokens, contextTokens: n_ctx } = counts;
    const type = "exceed_context_size_error";
    return { error: { message, type, param, code, n_prompt_tokens, n_ctx } };
  };
}

const overflowWords: OverflowWords = ({ promptTokens, contextTokens }) =>
  `request (${promptTokens} tokens) exceeds the available context size (${contextTokens} tokens), try increasing it`;

/** For the routes that take the body of a chat. */
export const encodeLlamaCppError = llamaCppErrors({
  logitBias: "logit_bias",
});
