// The names of our request fields in an API. Each dialect has a table, with which it encodes its errors.

import { ServiceError } from "../../errors.ts";
import type { RequestField } from "../../generation/request-field.ts";

/** The API's names of fields. A field that is missing has the same name there. */
export type FieldNames = { readonly [F in RequestField]?: string };

/** The same error, with the field as the API names it in `param` and at the beginning of the message. */
export function inWireTerms(error: ServiceError, names: FieldNames): ServiceError {
  const { code, message, field, cause, retryAfterSeconds } = error;
  if (field === null) return error;
  const theirs = names[field] ?? field;
  const text = message.startsWith(field) ? `${theirs}${message.slice(field.length)}` : message;
  return new ServiceError(code, text, { param: theirs, cause, retryAfterSeconds });
}
