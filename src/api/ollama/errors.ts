// Encodes errors in Ollama's form, a bare message, plus our `code` and `param`.
// https://docs.ollama.com/api/errors

import type { ServiceError } from "../../errors.ts";
import { type FieldNames, inWireTerms, type OverflowWords } from "../shared/field-names.ts";
import type { OllamaError } from "./answer.ts";

/** Makes the encoder for a route with these field names. */
export function ollamaErrors(names: FieldNames) {
  return (error: ServiceError, requestId: string): OllamaError => {
    const { message, code, param } = inWireTerms(error, names, overflowWords);
    return { error: message, code, param, request_id: requestId };
  };
}

/** Ollama has one wording for chats and prompts, another for embeddings. */
const overflowWords: OverflowWords = ({ promptTokens, contextTokens }, field) =>
  field === "input"
    ? "the input length exceeds the context length"
    : `prompt too long; exceeded max context length by ${Math.max(1, promptTokens - contextTokens)} tokens`;

export const encodeOllamaError = ollamaErrors({});
