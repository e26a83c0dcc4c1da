// Encodes errors in Ollama's form, a bare message, plus our `code` and `param`.
// https://docs.ollama.com/api/errors

import type { ServiceError } from "../../errors.ts";
import { type FieldNames, inWireTerms } from "../shared/field-names.ts";
import type { OllamaError } from "./answer.ts";

/** Makes the encoder for a route with these field names. */
export function ollamaErrors(names: FieldNames) {
  return (error: ServiceError, requestId: string): OllamaError => {
    const { message, code, param } = inWireTerms(error, names);
    return { error: message, code, param, request_id: requestId };
  };
}

export const encodeOllamaError = ollamaErrors({});
