// The one error type for everything that fails between the page and its server.

import type { RequestFailure } from "../conversation/conversation.ts";

export class ServerError extends Error {
  readonly failure: RequestFailure;

  constructor(failure: RequestFailure, options?: ErrorOptions) {
    super(failure.message, options);
    this.failure = failure;
  }
}

type ErrorBody = {
  readonly error?: {
    readonly message?: string;
    readonly code?: string | null;
    readonly param?: string | null;
  } | null;
};

/** @param response one with an error status */
export async function errorFrom(response: Response): Promise<ServerError> {
  const text = await response.text().catch(() => ""); // the connection broke
  const seconds = Number(response.headers.get("retry-after"));
  return new ServerError({
    ...failureFrom(parsed(text)),
    status: response.status,
    retryAtMs: seconds > 0 ? Date.now() + seconds * 1000 : null,
  });
}

/** @param body an error body of the server, or anything else */
export function failureFrom(body: unknown): RequestFailure {
  const { message, code, param } = (body as ErrorBody | null)?.error ?? {};
  const known = failure(code ?? "bad_answer", message ?? "The server sent an unexpected response.");
  return { ...known, param: param ?? null };
}

/** A failure without an error response of the server. */
export function failure(code: string, message: string): RequestFailure {
  return { status: null, code, message, param: null, retryAtMs: null };
}

/** @param cause the browser's error */
export function connectionError(code: "unreachable" | "connection_lost", cause?: unknown) {
  const message =
    code === "unreachable"
      ? "Cannot reach the server."
      : "The connection was lost before the answer was complete.";
  return new ServerError(failure(code, message), { cause });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // for example an HTML page of a proxy
  }
}
