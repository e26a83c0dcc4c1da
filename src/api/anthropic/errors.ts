// Errors as Anthropic has them, with our `param` and `code` beside its own fields.
// https://docs.anthropic.com/en/api/errors

import { ServiceError } from "../../errors.ts";
import type { AnthropicError } from "./answer.ts";

/** By status; what is missing is the client's fault below 500, and ours from there on. */
const TYPES: Readonly<Record<number, AnthropicError["error"]["type"]>> = {
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  503: "overloaded_error",
  504: "timeout_error",
};

export function encodeAnthropicError(error: ServiceError, requestId: string): AnthropicError {
  const { code, message, param, traits } = withOwnParam(error);
  const { status } = traits;
  const type = TYPES[status] ?? (status < 500 ? "invalid_request_error" : "api_error");
  const details = param === "thread" ? { details: NO_THREADS } : {};
  return {
    type: "error",
    error: { type, message, param, code, ...details },
    request_id: requestId,
  };
}

/** On this the SDKs' tool runners, which ask for a stored conversation first, send all of it with every turn. */
const NO_THREADS = { error_code: "thread_unsupported_request", unsupported: ["thread"] };

/** The engine names this one field as the chat completions do. */
function withOwnParam(error: ServiceError): ServiceError {
  if (error.param !== "reasoning_effort") return error;
  return new ServiceError(
    error.code,
    "thinking: this model's chat template has no switch for it; " +
      'leave it and output_config.effort out, or say {"type": "disabled"}',
    { param: "thinking" },
  );
}
