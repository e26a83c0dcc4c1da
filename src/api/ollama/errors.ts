// Errors as Ollama has them: the message alone, with our `code` and `param` beside it.
// https://docs.ollama.com/api/errors

import { ServiceError } from "../../errors.ts";
import { type OwnParams, withOwnParam } from "../shared/own-params.ts";
import type { OllamaError } from "./answer.ts";

export function encodeOllamaError(error: ServiceError, requestId: string): OllamaError {
  const { message, code, param } = withThink(error);
  return { error: message, code, param, request_id: requestId };
}

/** With the names that the engine's fields have in a dialect. */
export function errorsNamed(own: OwnParams): typeof encodeOllamaError {
  return (error, requestId) => encodeOllamaError(withOwnParam(error, own), requestId);
}

/** The engine names this one field as the chat completions do. */
function withThink(error: ServiceError): ServiceError {
  if (error.param !== "reasoning_effort") return error;
  return new ServiceError(
    error.code,
    "think: this model's chat template has no switch for it; leave it out, or say false",
    { param: "think", cause: error.cause },
  );
}
