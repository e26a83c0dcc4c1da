// Encodes errors in Google's form, with our code, the field and the request id in the details.
// https://cloud.google.com/apis/design/errors

import type { ServiceError } from "../../errors.ts";
import { type FieldNames, inWireTerms, type OverflowWords } from "../shared/field-names.ts";
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

const RPC = "type.googleapis.com/google.rpc";

const FIELD_NAMES: FieldNames = {
  choices: "generationConfig.candidateCount",
  messages: "contents",
};

const overflowWords: OverflowWords = ({ promptTokens, contextTokens }) =>
  `The input token count (${promptTokens}) exceeds the maximum number of tokens allowed (${Math.min(contextTokens, promptTokens - 1)})`;

export function encodeGeminiError(thrown: ServiceError, requestId: string): GeminiError {
  const error = inWireTerms(thrown, FIELD_NAMES, overflowWords);
  const { message, traits } = error;
  const { status: code } = traits;
  return {
    error: {
      code,
      message,
      status: STATUSES[code] ?? (code < 500 ? "INVALID_ARGUMENT" : "INTERNAL"),
      details: detailsOf(error, requestId),
    },
  };
}

function detailsOf(error: ServiceError, requestId: string): Detail[] {
  const { code, param, message, retryAfterSeconds } = error;
  const violation = { field: param ?? "", description: message };
  const details: readonly (Detail | null)[] = [
    { "@type": `${RPC}.ErrorInfo`, reason: code.toUpperCase(), domain: "sluice" },
    param === null ? null : { "@type": `${RPC}.BadRequest`, fieldViolations: [violation] },
    retryAfterSeconds === null
      ? null
      : { "@type": `${RPC}.RetryInfo`, retryDelay: `${retryAfterSeconds}s` },
    { "@type": `${RPC}.RequestInfo`, requestId },
  ];
  return details.filter((detail) => detail !== null);
}
