// The error for requests whose model could not be loaded, from what the worker reports. worker-process.ts throws it.

import type { ServiceError } from "../errors.ts";
import { fromWireError, type WireError } from "./messages.ts";

/** When a request may try again, if that can help. */
const RETRY_SECONDS = 30;

/** With the details of the worker's error. */
export function loadFailure(error: WireError): ServiceError {
  const failure = fromWireError(error);
  if (!failure.traits.isRetryable) return failure;
  return fromWireError({ ...error, retryAfterSeconds: RETRY_SECONDS });
}
