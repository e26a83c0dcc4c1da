// Encodes errors in Ollama's form, a bare message, plus our `code` and `param`.
// https://docs.ollama.com/api/errors

import type { ServiceError } from "../../errors.ts";
import { type FieldNames, inWireTerms } from "../shared/field-names.ts";
import type { OllamaError } from "./answer.ts";

/** Makes the encoder for a route with these field names, besides the common ones. */
export function ollamaErrors(names: FieldNames) {
  return (error: ServiceError, requestId: string): OllamaError => {
    const { message, code, param } = inWireTerms(error, { ...COMMON_NAMES, ...names });
    return { error: message, code, param, request_id: requestId };
  };
}

const COMMON_NAMES: FieldNames = {
  effort: {
    param: "think",
    message:
      "think: this model's chat template cannot switch reasoning on; omit think or set it to false",
  },
};

export const encodeOllamaError = ollamaErrors({});
