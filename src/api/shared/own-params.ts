// The engine's errors name fields as OpenAI's chat completions do. Other dialects translate those names with this table.

import { type ErrorCode, ServiceError } from "../../errors.ts";

/** The engine's name → the dialect's name, per error code, because a client may send a field with the engine's name. */
export type OwnParams = { readonly [C in ErrorCode]?: Readonly<Record<string, string>> };

/** The same error, with `param` as the dialect names it. */
export function withOwnParam(error: ServiceError, own: OwnParams): ServiceError {
  const param = own[error.code]?.[error.param ?? ""];
  if (param === undefined) return error;
  return new ServiceError(error.code, error.message, { param, cause: error.cause });
}
