// Error answers of an operation: one per HTTP status, with the codes that it may have.

import { type ErrorCode, statusOf } from "../../errors.ts";
import type { Tag } from "../shared/contract.ts";
import type { JsonSchema } from "./schemas.ts";

/** Codes of every operation with a body: the body is invalid or cannot be read. */
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

/** Codes of a valid request that cannot be queued or fails. */
const RUNNING_CODES: readonly ErrorCode[] = [
  "queue_full",
  "rate_limit_exceeded",
  "generation_failed",
  "worker_crashed",
  "cancelled",
  "draining",
  "queue_timeout",
  "engine_unavailable",
  "model_too_large",
  "model_unusable",
  "request_timeout",
  "deadline_unmeetable",
  "deadline_exceeded",
];

/** Codes of an operation with a body that a model answers. @param more codes of this operation only */
export function codesOfPost(more: readonly ErrorCode[]): readonly ErrorCode[] {
  return [...READING_CODES, ...more, ...RUNNING_CODES];
}

const MEANINGS: Readonly<Record<number, string>> = {
  400: "The request is invalid: `param` names the field",
  401: "The API key is missing or wrong",
  403: "The key lacks a scope, or the server may not write to its models folder",
  404: "Not found",
  409: "The request was stopped by another request",
  410: "No longer available",
  413: "The body is too large",
  415: "The body is not JSON",
  429: "The queue is full, or the key has reached a limit",
  500: "The server failed",
  502: "Another server failed",
  503: "Temporarily unavailable",
  504: "The request took too long",
};

const HEADERS: Readonly<Record<number, string>> = {
  401: "www-authenticate",
  429: "retry-after",
  503: "retry-after",
};

/** @param envelope reference to the schema of the errors */
export function errorAnswers(
  codes: readonly ErrorCode[],
  envelope: JsonSchema,
  { isCodeNumeric }: Tag,
): Record<string, { readonly description: string }> {
  const statuses = [...new Set(codes.map(statusOf))].sort((one, other) => one - other);
  return Object.fromEntries(
    statuses.map((status) => {
      const own = codes.filter((code) => statusOf(code) === status);
      const schema = isCodeNumeric ? envelope : { allOf: [envelope, withCodes(own)] };
      const names = ["x-request-id", "request-id", ...[HEADERS[status] ?? []].flat()];
      const description = `${MEANINGS[status] ?? "An error"}. \`code\`: ${own.join(", ")}.`;
      const headers = headersNamed(names);
      return [status, { description, headers, content: { "application/json": { schema } } }];
    }),
  );
}

/** `code` is a field of `error`, or stands beside it if `error` is a string. */
function withCodes(codes: readonly ErrorCode[]): JsonSchema {
  const code = { enum: codes };
  return { properties: { code, error: { properties: { code } } } };
}

export function headersNamed(names: readonly string[]): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
