// Encodes errors in Ollama's form, a bare message, plus our `code` and `param`.
// https://docs.ollama.com/api/errors

import { ServiceError } from "../../errors.ts";
import { type OwnParams, withOwnParam } from "../shared/own-params.ts";
import type { OllamaError } from "./answer.ts";

export function encodeOllamaError(error: ServiceError, requestId: string): OllamaError {
  const { message, code, param } = withThink(error);
  return { error: message, code, param, request_id: requestId };
}

/** An encoder that also translates the engine's field names to those of a route. */
export function errorsNamed(own: OwnParams): typeof encodeOllamaError {
  return (error, requestId) => encodeOllamaError(withOwnParam(error, own), requestId);
}

/** The engine names this field as chat completions do. */
function withThink(error: ServiceError): ServiceError {
  if (error.param !== "reasoning_effort") return error;
  return new ServiceError(
    error.code,
    "think: this model's chat template cannot switch reasoning on; omit think or set it to false",
    { param: "think", cause: error.cause },
  );
}
