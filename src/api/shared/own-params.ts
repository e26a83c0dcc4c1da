// The engine names the fields of a request as chat completions and completions do; other dialects have names of their own.

import { type ErrorCode, ServiceError } from "../../errors.ts";

/** By the error's code, since a client may send a field of the same name: the engine's name, and the dialect's. */
export type OwnParams = { readonly [C in ErrorCode]?: Readonly<Record<string, string>> };

/** The same error, with the name that the field has in the dialect. */
export function withOwnParam(error: ServiceError, own: OwnParams): ServiceError {
  const param = own[error.code]?.[error.param ?? ""];
  if (param === undefined) return error;
  return new ServiceError(error.code, error.message, { param, cause: error.cause });
}
