// The one error type of the service, and the table code → HTTP status, OpenAI error type, retryable.
// Every layer throws it; only a dialect turns it into wire bytes.

import type { MemoryUse } from "./generation/memory-use.ts";
import type { RequestField } from "./generation/request-field.ts";

type ErrorTraits = {
  readonly status: number;
  /** OpenAI's `error.type`. */
  readonly type: "invalid_request_error" | "permission_error" | "rate_limit_error" | "server_error";
  /** Whether the same request may succeed later. */
  readonly isRetryable: boolean;
};

const invalid = { type: "invalid_request_error", isRetryable: false } as const;
const server = { type: "server_error", isRetryable: true } as const;

const TRAITS = {
  invalid_json: { status: 400, ...invalid },
  invalid_value: { status: 400, ...invalid },
  missing_parameter: { status: 400, ...invalid },
  unsupported_parameter: { status: 400, ...invalid },
  unsupported_content: { status: 400, ...invalid },
  unsupported_schema: { status: 400, ...invalid },
  unknown_parameter: { status: 400, ...invalid },
  template_error: { status: 400, ...invalid },
  context_length_exceeded: { status: 400, ...invalid },
  /** The model needs more memory than models may use here. */
  model_too_large: { status: 400, ...invalid },
  /** The file of the model is missing or damaged: the same request fails until it is replaced. */
  model_unusable: { status: 400, ...invalid },
  previous_response_not_found: { status: 400, ...invalid },
  bad_request: { status: 400, ...invalid },
  invalid_api_key: { status: 401, ...invalid },
  /** The key is valid, but lacks the required scope. */
  permission_denied: { status: 403, type: "permission_error", isRetryable: false },
  /** The server may not write to its models folder. */
  folder_not_writable: { status: 403, type: "permission_error", isRetryable: false },
  host_not_allowed: { status: 403, ...invalid },
  origin_not_allowed: { status: 403, ...invalid },
  model_not_found: { status: 404, ...invalid },
  not_found: { status: 404, ...invalid },
  method_not_allowed: { status: 405, ...invalid },
  receive_timeout: { status: 408, ...invalid, isRetryable: true },
  client_stalled: { status: 408, ...invalid },
  /** The requested events of a stream were dropped to free memory. */
  events_dropped: { status: 410, ...invalid },
  body_too_large: { status: 413, ...invalid },
  unsupported_media_type: { status: 415, ...invalid },
  upgrade_required: { status: 426, ...invalid },
  headers_too_large: { status: 431, ...invalid },
  queue_full: { status: 429, type: "rate_limit_error", isRetryable: true },
  /** A limit of the API key is reached. */
  rate_limit_exceeded: { status: 429, type: "rate_limit_error", isRetryable: true },
  internal_error: { status: 500, ...server, isRetryable: false },
  generation_failed: { status: 500, ...server },
  worker_crashed: { status: 500, ...server },
  /** A model could not be downloaded. */
  download_failed: { status: 502, ...server },
  draining: { status: 503, ...server },
  /** The keys that check a token cannot be fetched from its issuer. */
  key_set_unavailable: { status: 503, ...server },
  queue_timeout: { status: 503, ...server },
  engine_unavailable: { status: 503, ...server },
  no_free_slot: { status: 503, ...server },
  body_memory_full: { status: 503, ...server },
  response_store_full: { status: 503, ...server },
  deadline_unmeetable: { status: 503, ...server },
  request_timeout: { status: 504, ...server },
  deadline_exceeded: { status: 504, ...server },
  /** Its owner cancelled it with another request. */
  cancelled: { status: 409, ...invalid },
  /** The client disconnected. An outcome, not a failure: counted, never sent. */
  aborted: { status: 499, ...invalid },
} as const satisfies Record<string, ErrorTraits>;

/** Every way in which a request can fail. A closed set, so that metrics can use it as a label. */
export type ErrorCode = keyof typeof TRAITS;

/** Never sent: the client has disconnected or does not read. */
const UNSENT: readonly ErrorCode[] = ["aborted", "client_stalled"];

/** The codes that clients may get. */
export const SENT_CODES = (Object.keys(TRAITS) as ErrorCode[]).filter(
  (code) => !UNSENT.includes(code),
);

export function statusOf(code: ErrorCode): number {
  return TRAITS[code].status;
}

/** Which field of the request is at fault. */
export type ErrorPlace = {
  /**
   * The field at fault in our request types. The message may begin with this name; the dialect that sends the error replaces
   * both with its own name.
   */
  readonly field?: RequestField | null | undefined;
  /** The same as the client wrote it, e.g. `messages[2].content`: from a dialect, or from a path that a dialect gave. */
  readonly param?: string | null | undefined;
};

/** For `context_length_exceeded`, so that each API can say them in its own words. */
export type TokenCounts = { readonly promptTokens: number; readonly contextTokens: number };

/** The details of an error besides its message, as plain data. */
export type ErrorDetails = ErrorPlace & {
  readonly counts?: TokenCounts | null | undefined;
  /** For `model_too_large`: what the model needs. */
  readonly memory?: MemoryUse | null | undefined;
  /** Seconds after which a retry may succeed; becomes `Retry-After`. */
  readonly retryAfterSeconds?: number | null | undefined;
};

export type ServiceErrorOptions = ErrorDetails & { readonly cause?: unknown };

/** Errors may quote a client's names and texts, so their length is limited. */
const MAX_MESSAGE_CHARS = 2_000;
const MAX_PARAM_CHARS = 300;

/** A failure with a code that clients, logs and metrics share. The message says what was wrong and what is allowed. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly code: ErrorCode;
  readonly field: RequestField | null;
  readonly param: string | null;
  readonly counts: TokenCounts | null;
  readonly memory: MemoryUse | null;
  readonly retryAfterSeconds: number | null;

  constructor(code: ErrorCode, message: string, options: ServiceErrorOptions = {}) {
    const shown = shortened(message, MAX_MESSAGE_CHARS);
    super(shown, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.field = options.field ?? null;
    this.param = options.param == null ? null : shortened(options.param, MAX_PARAM_CHARS);
    this.counts = options.counts ?? null;
    this.memory = options.memory ?? null;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }

  get traits(): ErrorTraits {
    return TRAITS[this.code];
  }
}

/** Replaces half of a surrogate pair at the cut. */
function shortened(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : text.slice(0, maxChars).toWellFormed();
}

/** Whether a client ended the answer, by cancelling or disconnecting. The partial answer stays valid. */
export function wasStopped({ code }: ServiceError): boolean {
  return code === "aborted" || code === "cancelled" || code === "client_stalled";
}

/** Turns any thrown value other than a ServiceError into `internal_error`, without its message. */
export function toServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  return new ServiceError("internal_error", "the server failed on this request", { cause: error });
}

/** The reason of an aborted signal. This service aborts signals only with a ServiceError. */
export function abortReason(signal: AbortSignal): ServiceError {
  if (signal.reason instanceof ServiceError) return signal.reason;
  return new ServiceError("aborted", "the request was aborted", { cause: signal.reason });
}

/** Checks a code from another process; an unknown one becomes `internal_error`. */
export function toErrorCode(code: string): ErrorCode {
  return Object.hasOwn(TRAITS, code) ? (code as ErrorCode) : "internal_error"; // hasOwn proved it
}

/** The stack without the message, which may contain a client's text. */
export function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack?.replace(error.message, error.name) : undefined;
}

/**
 * Wraps a callback of a socket, timer, file or process. No caller catches its errors, so they would end the process; they go
 * to `onError` instead, with the arguments of the callback.
 */
export function guarded<Args extends readonly unknown[]>(
  callback: (...args: Args) => void,
  onError: (error: unknown, ...args: Args) => void,
): (...args: Args) => void {
  return (...args) => {
    try {
      callback(...args);
    } catch (error) {
      onError(error, ...args);
    }
  };
}
