// The last failed attempt to load a model. It is not repeated for a while, unless the file changes: requests get the reason at once.

import { ServiceError } from "../../errors.ts";

const RETRY_MS = 30_000;

export class LoadFailure {
  readonly error: ServiceError;
  readonly #fileIdentity: string | null;
  readonly #untilMs = performance.now() + RETRY_MS;

  /** @param fileIdentity of the file that could not be loaded */
  constructor(error: ServiceError, fileIdentity: string | null) {
    this.error = error;
    this.#fileIdentity = fileIdentity;
  }

  /** Whether the next request may try again. @param fileIdentity of the file as it is now */
  mayRetry(fileIdentity: string | null): boolean {
    return performance.now() >= this.#untilMs || fileIdentity !== this.#fileIdentity;
  }

  /** A new error for each request, with the time after which to retry if that can help. */
  repeated(): ServiceError {
    const { code, message, traits, field, memory, cause } = this.error;
    const leftMs = Math.max(0, this.#untilMs - performance.now());
    const retryAfterSeconds = traits.isRetryable ? Math.ceil(leftMs / 1000) : null;
    return new ServiceError(code, message, { field, memory, cause, retryAfterSeconds });
  }
}
