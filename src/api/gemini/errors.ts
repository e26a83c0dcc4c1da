// Encodes errors in Google's form, with our code, the field and the request id in the details.
// https://cloud.google.com/apis/design/errors

import type { ServiceError } from "../../errors.ts";
import type { GeminiError } from "./answer.ts";

type Status = GeminiError["error"]["status"];
type Detail = GeminiError["error"]["details"][number];

/** HTTP status → Google's status. Other HTTP statuses are INVALID_ARGUMENT below 500, else INTERNAL. */
const STATUSES: Readonly<Record<number, Status>> = {
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  408: "DEADLINE_EXCEEDED",
  409: "ABORTED",
  429: "RESOURCE_EXHAUSTED",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

/** Field as the engine and the queue name it, after chat completions → Gemini's field. */
const OWN_PARAMS: ReadonlyMap<string, string> = new Map([
  ["messages", "contents"],
  ["n", "generationConfig.candidateCount"],
  ["reasoning_effort", "generationConfig.thinkingConfig"],
]);

const NO_SWITCH =
  "generationConfig.thinkingConfig: this model's chat template cannot switch reasoning on; " +
  "omit thinkingLevel or set thinkingBudget to 0";

export function encodeGeminiError(error: ServiceError, requestId: string): GeminiError {
  const { message, param, traits } = error;
  const { status: code } = traits;
  return {
    error: {
      code,
      message: param === "reasoning_effort" ? NO_SWITCH : message,
      status: STATUSES[code] ?? (code < 500 ? "INVALID_ARGUMENT" : "INTERNAL"),
      details: detailsOf(error, requestId),
    },
  };
}

function detailsOf(
  { code, param, message, retryAfterSeconds }: ServiceError,
  requestId: string,
): Detail[] {
  const details: Detail[] = [
    {
      "@type": "type.googleapis.com/google.rpc.ErrorInfo",
      reason: code.toUpperCase(),
      domain: "sluice",
    },
  ];
  if (param !== null) {
    const field = OWN_PARAMS.get(param) ?? param;
    details.push({
      "@type": "type.googleapis.com/google.rpc.BadRequest",
      fieldViolations: [{ field, description: message }],
    });
  }
  if (retryAfterSeconds !== null) {
    details.push({
      "@type": "type.googleapis.com/google.rpc.RetryInfo",
      retryDelay: `${retryAfterSeconds}s`,
    });
  }
  return [...details, { "@type": "type.googleapis.com/google.rpc.RequestInfo", requestId }];
}
