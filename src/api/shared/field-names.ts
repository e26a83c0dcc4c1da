// The names of our request fields in an API. Each dialect has a table, with which it encodes its errors.

import { ServiceError, type TokenCounts } from "../../errors.ts";
import type { RequestField } from "../../generation/request-field.ts";

/** The API's names of fields. A field that is missing has the same name there. */
export type FieldNames = { readonly [F in RequestField]?: string };

/**
 * The vendor's own words for a prompt that does not fit: clients look for them, and then shorten the conversation. Our words
 * follow.
 * @param field our name of the field that is too long
 */
export type OverflowWords = (counts: TokenCounts, field: string) => string;

/** The same error, with the field as the API names it in `param` and at the beginning of the message. */
export function inWireTerms(
  error: ServiceError,
  names: FieldNames,
  overflowWords: OverflowWords,
): ServiceError {
  const { code, counts, cause, retryAfterSeconds } = error;
  const { param, message } = named(error, names);
  const words = counts ? `${overflowWords(counts, error.field ?? "input")}; ` : "";
  return new ServiceError(code, `${words}${message}`, { param, counts, cause, retryAfterSeconds });
}

function named({ field, param, message }: ServiceError, names: FieldNames) {
  if (field === null) return { param, message };
  const theirs = names[field] ?? field;
  const isAtStart = message.startsWith(field);
  return { param: theirs, message: isAtStart ? theirs + message.slice(field.length) : message };
}
