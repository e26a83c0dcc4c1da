// The error answers of an operation: by status, with the codes that each may have.

import { type ErrorCode, statusOf } from "../../errors.ts";
import type { JsonSchema } from "./schemas.ts";

/** Wrong or unreadable bodies, of every operation that takes one. */
export const READING_CODES: readonly ErrorCode[] = [
  "invalid_json",
  "invalid_value",
  "missing_parameter",
  "unsupported_parameter",
  "unknown_parameter",
  "bad_request",
  "model_not_found",
  "body_too_large",
  "unsupported_media_type",
  "body_memory_full",
];

/** What may happen to a request that was understood. */
const RUNNING: readonly ErrorCode[] = [
  "queue_full",
  "rate_limit_exceeded",
  "generation_failed",
  "worker_crashed",
  "cancelled",
  "draining",
  "queue_timeout",
  "engine_unavailable",
  "request_timeout",
  "deadline_unmeetable",
  "deadline_exceeded",
];

/** Of an operation with a body that a model answers. @param more of this operation alone */
export function codesOfPost(more: readonly ErrorCode[]): readonly ErrorCode[] {
  return [...READING_CODES, ...more, ...RUNNING];
}

const MEANINGS: Readonly<Record<number, string>> = {
  400: "The request is wrong: `param` names the field",
  401: "A key is missing or wrong",
  403: "The key lacks a scope",
  404: "It is not there",
  409: "It was stopped from outside",
  410: "It is gone",
  413: "The body is too large",
  415: "The body is not JSON",
  429: "The queue is full, or the key is beyond a limit of its own",
  500: "The server failed",
  503: "Not now",
  504: "It took too long",
};

const HEADERS: Readonly<Record<number, string>> = {
  401: "www-authenticate",
  429: "retry-after",
  503: "retry-after",
};

/**
 * @param envelope stands for the schema of the dialect's errors
 * @param isCodeIn whether `error.code` is one of ours
 */
export function errorAnswers(
  codes: readonly ErrorCode[],
  envelope: JsonSchema,
  isCodeIn: boolean,
): Record<string, { readonly description: string }> {
  const statuses = [...new Set(codes.map(statusOf))].sort((one, other) => one - other);
  return Object.fromEntries(
    statuses.map((status) => {
      const here = codes.filter((code) => statusOf(code) === status);
      const schema = isCodeIn ? { allOf: [envelope, withCodes(here)] } : envelope;
      const names = ["x-request-id", "request-id", ...[HEADERS[status] ?? []].flat()];
      const description = `${MEANINGS[status] ?? "An error"}. \`code\`: ${here.join(", ")}.`;
      const headers = headersNamed(names);
      return [status, { description, headers, content: { "application/json": { schema } } }];
    }),
  );
}

/** In the envelope's `error`, or beside it where that is a text. */
function withCodes(codes: readonly ErrorCode[]): JsonSchema {
  const code = { enum: codes };
  return { properties: { code, error: { properties: { code } } } };
}

export function headersNamed(names: readonly string[]): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
