// The names of our request fields in an API. Each dialect has a table, with which it encodes its errors.

import { ServiceError } from "../../errors.ts";
import type { RequestFieldName } from "../../generation/request-field.ts";

/** The API's name of a field, or with other advice a whole message. A field that is missing has the same name there. */
export type FieldNames = {
  readonly [F in RequestFieldName]?: string | { readonly param: string; readonly message: string };
};

/** The same error, with the field as the API names it in `param` and at the beginning of the message. */
export function inWireTerms(error: ServiceError, names: FieldNames): ServiceError {
  const { code, message, field, cause, retryAfterSeconds } = error;
  if (field === null) return error;
  const known = Object.entries(names).find(([n]) => field === n || field.startsWith(`${n}.`));
  const [ours, theirs] = known ?? [field, field];
  const renamed = (text: string) =>
    text.startsWith(ours) ? `${theirs}${text.slice(ours.length)}` : text;
  const wire =
    typeof theirs === "string" ? { param: renamed(field), message: renamed(message) } : theirs;
  return new ServiceError(code, wire.message, { param: wire.param, cause, retryAfterSeconds });
}
