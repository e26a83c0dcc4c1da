// A route's self-description: the schemas of its body and answers, and how it treats all other fields. The OpenAPI
// document, the page at /docs and docs/conformance.md are generated from it.

import type { z } from "zod";
import type { ErrorCode } from "../../errors.ts";
import type { FieldPolicy } from "./parse-body.ts";

/** A group of routes in the OpenAPI document: the API of one vendor. */
export type Tag = {
  readonly name: string;
  readonly description: string;
  /** Schema of its errors. */
  readonly error: z.ZodType;
  /** Whether an error's `code` is the HTTP status instead of one of our codes. */
  readonly isCodeNumeric?: true;
};

export type Contract = FieldPolicy & {
  /** Prefix of its schema names in the OpenAPI document, e.g. `ChatCompletion`. */
  readonly name: string;
  readonly tag: Tag;
  readonly summary: string;
  /** Schema of the request body. */
  readonly body: z.ZodType;
  /** A valid request body. */
  readonly example: object;
  readonly answer: z.ZodType;
  /** Data of one stream event; absent if the route does not stream. */
  readonly event?: z.ZodType;
  /** Whether the answer is always a stream. */
  readonly isOnlyStreamed?: boolean;
  /** Schema of the query string. */
  readonly query?: z.ZodType;
  /** Data of a stream's last event, if that is not JSON. */
  readonly lastData?: string;
  /** Error codes with which it refuses a body, in addition to those for invalid fields. */
  readonly codes: readonly ErrorCode[];
};

/** Codes of dialects that answer conversations. */
export const CHAT_CODES: readonly ErrorCode[] = [
  "unsupported_content",
  "unsupported_schema",
  "template_error",
  "context_length_exceeded",
];

/** The contract of a route that takes the body of a dialect, but generates nothing. */
export function nonGenerating(
  contract: Contract,
  own: Pick<Contract, "name" | "tag" | "summary" | "answer"> & Partial<Contract>,
): Contract {
  const { event: _event, lastData: _data, ...shared } = contract;
  return { ...shared, ...own };
}
