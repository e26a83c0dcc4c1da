// What goes wrong between the page and its server, as one type: with the server's own words where there are some.

import type { Failure } from "../conversation/conversation.ts";

export class ServerError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.message, options);
    this.failure = failure;
  }
}

/** The server's envelope around its errors. */
type Envelope = {
  readonly error?: {
    readonly message?: string;
    readonly code?: string | null;
    readonly param?: string | null;
  } | null;
};

/** Of an answer with an error status. */
export async function errorOf(response: Response): Promise<ServerError> {
  const text = await response.text().catch(() => ""); // a connection that breaks has no more to say
  const seconds = Number(response.headers.get("retry-after"));
  return new ServerError({
    ...failureIn(parsed(text)),
    status: response.status,
    retryAtMs: seconds > 0 ? Date.now() + seconds * 1000 : null,
  });
}

/** @param wire the server's error envelope, or anything else */
export function failureIn(wire: unknown): Failure {
  const { message, code, param } = (wire as Envelope | null)?.error ?? {};
  return {
    status: null,
    code: code ?? "bad_answer",
    message: message ?? "The server answered with something that is no answer of this API.",
    param: param ?? null,
    retryAtMs: null,
  };
}

/** Nothing came, or not to its end. @param cause what the browser said */
export function brokenConnection(code: "unreachable" | "connection_lost", cause?: unknown) {
  const message =
    code === "unreachable"
      ? "The server cannot be reached."
      : "The connection was lost, and the rest of the answer with it.";
  return new ServerError({ status: null, code, message, param: null, retryAtMs: null }, { cause });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a proxy's page, perhaps
  }
}
