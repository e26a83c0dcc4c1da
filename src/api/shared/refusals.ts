// Checks and refusals that the parsers of several dialects share.

import { ServiceError } from "../../errors.ts";

/** A 400 that names a field: `${param} ${reason}`. */
export function invalidValue(param: string, reason: string): ServiceError {
  return new ServiceError("invalid_value", `${param} ${reason}`, { param });
}

/** The same for a field that this server does not support. */
export function notSupported(param: string, reason: string): ServiceError {
  return new ServiceError("unsupported_parameter", `${param} ${reason}`, { param });
}

/** A 400 for images, audio and files. @param what e.g. `a part of type image_url` */
export function unreadable(what: string, param: string): ServiceError {
  const message = `this server's models read text only, so ${what} cannot be used`;
  return new ServiceError("unsupported_content", message, { param });
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
