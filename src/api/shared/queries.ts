// Query strings: the field types they are made of, and the parser that the routes call.

import { z } from "zod";
import * as field from "./field-types.ts";
import { parseBody } from "./parse-body.ts";

export const flag = z
  .enum(["true", "false"], "must be true or false")
  .transform((text) => text === "true");

export function wholeNumber(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,16}$/, `must be an integer from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.number().min(min).max(max));
}

/** Query of `GET /v1/streams/{id}`. */
export const streamQuery = z.object({
  token: field.text("Token of this stream; replaces an API key."),
  /** Same as the header `Last-Event-ID`, which takes precedence. */
  last_event_id: field.optional(
    wholeNumber(0, Number.MAX_SAFE_INTEGER),
    "Id of the last event that the client received.",
  ),
});

export type QuerySchema = z.ZodType;
export type Query<T extends QuerySchema> = z.output<T>;

/** @returns the parsed fields, and the names of unknown fields. @throws ServiceError 400 naming the field */
export function parseQuery<T extends QuerySchema>(schema: T, query: object) {
  return parseBody(schema, { ...query });
}
