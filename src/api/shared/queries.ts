// Queries of a path: what is allowed in them, and what becomes of the rest.

import { z } from "zod";
import { parseBody } from "./parse-body.ts";

export const flag = z.enum(["true", "false"], "true or false").transform((text) => text === "true");

export function wholeNumber(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,16}$/, `an integer from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.number().min(min).max(max));
}

/** Of `GET /v1/streams/{id}`. */
export const streamQuery = z.object({
  token: z.string().nullish(),
  /** As the header of that name, which goes first. */
  last_event_id: wholeNumber(0, Number.MAX_SAFE_INTEGER).nullish(),
});

export type QuerySchema = z.ZodType;
export type Query<T extends QuerySchema> = z.output<T>;

/** @returns the fields, and the names of those that nobody knows. @throws ServiceError 400 naming the field */
export function parseQuery<T extends QuerySchema>(schema: T, query: object) {
  return parseBody(schema, { ...query }, {});
}
