// The error for the requests whose model a worker could not load.

import type { ServiceError } from "../errors.ts";
import { fromWireError, type WireError } from "./messages.ts";

/** When a request may try again, if that can help. */
const RETRY_SECONDS = 30;

export function loadFailure(error: WireError): ServiceError {
  const failure = fromWireError(error);
  if (!failure.traits.isRetryable) return failure;
  return fromWireError({ ...error, retryAfterSeconds: RETRY_SECONDS });
}
