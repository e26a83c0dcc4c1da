// The one error type of the service and the table code → HTTP status, OpenAI error type, retryable.
// Thrown by every layer; turned into wire bytes only by a dialect.

type ErrorTraits = {
  readonly status: number;
  /** OpenAI's `error.type`. */
  readonly type: "invalid_request_error" | "permission_error" | "rate_limit_error" | "server_error";
  /** Whether the same request may succeed later without a change. */
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
  previous_response_not_found: { status: 400, ...invalid },
  bad_request: { status: 400, ...invalid },
  invalid_api_key: { status: 401, ...invalid },
  /** The key is known, and this is not among its scopes. */
  permission_denied: { status: 403, type: "permission_error", isRetryable: false },
  host_not_allowed: { status: 403, ...invalid },
  origin_not_allowed: { status: 403, ...invalid },
  model_not_found: { status: 404, ...invalid },
  not_found: { status: 404, ...invalid },
  method_not_allowed: { status: 405, ...invalid },
  receive_timeout: { status: 408, ...invalid, isRetryable: true },
  client_stalled: { status: 408, ...invalid },
  /** What a stream said so far had to make room. */
  events_dropped: { status: 410, ...invalid },
  body_too_large: { status: 413, ...invalid },
  unsupported_media_type: { status: 415, ...invalid },
  upgrade_required: { status: 426, ...invalid },
  headers_too_large: { status: 431, ...invalid },
  queue_full: { status: 429, type: "rate_limit_error", isRetryable: true },
  /** A limit of the key. */
  rate_limit_exceeded: { status: 429, type: "rate_limit_error", isRetryable: true },
  internal_error: { status: 500, ...server, isRetryable: false },
  generation_failed: { status: 500, ...server },
  worker_crashed: { status: 500, ...server },
  draining: { status: 503, ...server },
  queue_timeout: { status: 503, ...server },
  engine_unavailable: { status: 503, ...server },
  no_free_slot: { status: 503, ...server },
  body_memory_full: { status: 503, ...server },
  response_store_full: { status: 503, ...server },
  deadline_unmeetable: { status: 503, ...server },
  request_timeout: { status: 504, ...server },
  deadline_exceeded: { status: 504, ...server },
  /** Its owner stopped it, from outside. */
  cancelled: { status: 409, ...invalid },
  /** The client left. An outcome, not a failure: counted, and never sent to anyone. */
  aborted: { status: 499, ...invalid },
} as const satisfies Record<string, ErrorTraits>;

/** Every way in which a request can fail. Closed, so that metrics may use it as a label. */
export type ErrorCode = keyof typeof TRAITS;

/** Told to nobody: the client has left, or reads nothing. */
const UNSENT: readonly ErrorCode[] = ["aborted", "client_stalled"];

/** What a client may be told. */
export const SENT_CODES = (Object.keys(TRAITS) as ErrorCode[]).filter(
  (code) => !UNSENT.includes(code),
);

export function statusOf(code: ErrorCode): number {
  return TRAITS[code].status;
}

export type ServiceErrorOptions = {
  readonly cause?: unknown;
  /** The request field at fault, as the client wrote it, e.g. `messages[2].content`. */
  readonly param?: string | undefined;
  /** Seconds after which trying again is worthwhile; becomes `Retry-After`. */
  readonly retryAfterSeconds?: number;
};

/** Names and texts of a client's own come back in errors, but not however long they are. */
const LONGEST_MESSAGE = 2_000;
const LONGEST_PARAM = 300;

/** A failure with a code that clients, logs and metrics share. Its message says what was wrong and what is allowed. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly code: ErrorCode;
  readonly param: string | null;
  readonly retryAfterSeconds: number | null;

  constructor(code: ErrorCode, message: string, options: ServiceErrorOptions = {}) {
    const shown = shortened(message, LONGEST_MESSAGE);
    super(shown, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.param = options.param === undefined ? null : shortened(options.param, LONGEST_PARAM);
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }

  get traits(): ErrorTraits {
    return TRAITS[this.code];
  }
}

/** A pair that is cut in two leaves no half behind. */
function shortened(text: string, most: number): string {
  return text.length <= most ? text : text.slice(0, most).toWellFormed();
}

/** Whether an answer ended like this because somebody stopped it, or left: what there is of it stays. */
export function wasStopped({ code }: ServiceError): boolean {
  return code === "aborted" || code === "cancelled" || code === "client_stalled";
}

/** What a thrown value means to a client: itself if it is a ServiceError, else `internal_error` without its inner words. */
export function toServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  return new ServiceError("internal_error", "the server failed on this request", { cause: error });
}

/** The reason of an aborted signal as a ServiceError. Signals of this service are always aborted with one. */
export function abortReason(signal: AbortSignal): ServiceError {
  if (signal.reason instanceof ServiceError) return signal.reason;
  return new ServiceError("aborted", "the request was aborted", { cause: signal.reason });
}

/** Narrows a code that crossed a process boundary; unknown ones become `internal_error`. */
export function toErrorCode(code: string): ErrorCode {
  return Object.hasOwn(TRAITS, code) ? (code as ErrorCode) : "internal_error"; // hasOwn proved it
}

/** Where it happened, without the message: that may hold a client's text. */
export function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack?.replace(error.message, error.name) : undefined;
}

/**
 * A callback of a socket, a timer, a file or a process: nothing above it catches, so an error in it would end the process.
 * Here it goes to `onError` instead, with what the callback was given.
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
