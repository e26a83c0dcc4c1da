// Encodes errors in Anthropic's form, plus our `param` and `code`.
// https://docs.anthropic.com/en/api/errors

import type { ServiceError } from "../../errors.ts";
import { inWireTerms, type OverflowWords } from "../shared/field-names.ts";
import type { AnthropicError } from "./answer.ts";

/** HTTP status → error type. Other statuses are `invalid_request_error` below 500, else `api_error`. */
const TYPES: Readonly<Record<number, AnthropicError["error"]["type"]>> = {
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  503: "overloaded_error",
  504: "timeout_error",
};

/** The maximum leaves room for one token of the answer. */
const overflowWords: OverflowWords = ({ promptTokens, contextTokens }) =>
  `prompt is too long: ${promptTokens} tokens > ${Math.min(contextTokens, promptTokens - 1)} maximum`;

export function encodeAnthropicError(error: ServiceError, requestId: string): AnthropicError {
  const { code, message, param, traits } = inWireTerms(error, {}, overflowWords);
  const { status } = traits;
  const type = TYPES[status] ?? (status < 500 ? "invalid_request_error" : "api_error");
  const details = param === "thread" ? { details: NO_THREADS } : {};
  return {
    type: "error",
    error: { type, message, param, code, ...details },
    request_id: requestId,
  };
}

/** The SDKs' tool runners first ask for a stored thread. This error makes them send the whole conversation every turn. */
const NO_THREADS = { error_code: "thread_unsupported_request", unsupported: ["thread"] };
