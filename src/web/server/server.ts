// The server's paths that the page uses. Every call throws a ServerError, or an AbortError when its signal says so.

import type { OpenedStream, StreamRequest } from "./opened-stream.ts";
import { brokenConnection, errorOf, ServerError } from "./server-error.ts";
import { openSocketStream } from "./socket-frames.ts";
import { sseFrames } from "./sse-frames.ts";

/** A model that generates. */
export type ServedModel = {
  readonly id: string;
  readonly state: string;
  readonly contextTokens: number | null;
};

/** How it is with the server: `status` is `ready`, `loading`, `restarting`, `failed`, `draining`. */
export type Readiness = {
  readonly status: string;
  readonly reason: string | null;
  readonly loadProgress: number;
};

type Call = {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
};

/** A question that is not answered by then is given up. Answers with a stream have their own limits. */
const QUESTION_MS = 20_000;
/** Of the context; the rest is for the answer. */
const MOST_PROMPT = 0.75;

export class Server {
  readonly #base: string;
  readonly #key: () => string | null;

  /**
   * @param base URL that ends with a slash: the page's own place, which behind a proxy may be below a path
   * @param key the API key of now
   */
  constructor(base: string, key: () => string | null) {
    this.#base = base;
    this.#key = key;
  }

  /** For what is shown to people: `show request`. */
  get apiUrl(): string {
    return new URL("v1", this.#base).href;
  }

  async models(): Promise<readonly ServedModel[]> {
    const { data } = await this.#json<{ data: readonly WireModel[] }>("v1/models");
    return data.flatMap(({ id, meta }) =>
      meta.n_ctx === undefined ? [] : [{ id, state: meta.state, contextTokens: meta.n_ctx }],
    );
  }

  /** Also while it is not ready. */
  async readiness(): Promise<Readiness> {
    const response = await this.call("ready", { signal: AbortSignal.timeout(QUESTION_MS) }, [503]);
    const wire = (await response.json()) as WireReadiness;
    return { status: wire.status, reason: wire.reason, loadProgress: wire.load_progress };
  }

  /** Whether the prompt of such a body fits the context, with room for some of an answer. */
  async fits(body: object): Promise<boolean> {
    const path = "v1/chat/completions/input_tokens";
    try {
      const [{ input_tokens: tokens }, [model]] = await Promise.all([
        this.#json<{ input_tokens: number }>(path, { method: "POST", body }),
        this.models(),
      ]);
      return tokens <= (model?.contextTokens ?? Number.POSITIVE_INFINITY) * MOST_PROMPT;
    } catch (error) {
      if (error instanceof ServerError && error.failure.code === "context_length_exceeded")
        return false;
      throw error;
    }
  }

  /** Ends an answer at the server at once, wherever it is. One that has ended meanwhile is no error. */
  async stop(place: { readonly address: string } | { readonly requestId: string }): Promise<void> {
    const path =
      "address" in place ? place.address : `v1/requests/${encodeURIComponent(place.requestId)}`;
    await this.call(path, { method: "DELETE", signal: AbortSignal.timeout(QUESTION_MS) }, [404]);
  }

  /** Asks for an answer as a stream, or for the rest of one. */
  async openStream(request: StreamRequest, signal: AbortSignal): Promise<OpenedStream> {
    const response = await this.#askForStream(request, signal);
    // Read to its end already, and yet its end never came.
    if (response.status === 204) throw brokenConnection("connection_lost");
    return { address: response.headers.get("location"), frames: sseFrames(response) };
  }

  /** The same over a WebSocket. */
  openSocketStream(request: StreamRequest, signal: AbortSignal): Promise<OpenedStream> {
    const url = new URL("v1/ws", this.#base).href.replace(/^http/, "ws");
    return openSocketStream(request, { url, key: this.#key(), signal });
  }

  #askForStream(request: StreamRequest, signal: AbortSignal): Promise<Response> {
    if ("address" in request) {
      const { address, lastEventId } = request;
      return this.call(address, {
        headers: lastEventId === null ? {} : { "last-event-id": lastEventId },
        signal,
      });
    }
    const { body, requestId, isResumable } = request;
    const headers = { "x-resumable": String(isResumable), "x-request-id": requestId };
    return this.call("v1/chat/completions", { method: "POST", body, headers, signal });
  }

  /**
   * @param path below the base; a slash at its beginning does not matter
   * @param allowed statuses of 400 and more that are no error
   */
  async call(path: string, call: Call = {}, allowed: readonly number[] = []): Promise<Response> {
    const { method = "GET", body, headers = {}, signal } = call;
    const key = this.#key();
    const response = await fetch(new URL(path.replace(/^\/+/, ""), this.#base), {
      method,
      headers: {
        ...(body ? { "content-type": "application/json" } : {}),
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...headers,
      },
      body: body ? JSON.stringify(body) : null,
      signal: signal ?? null,
      cache: "no-store",
    }).catch((error: unknown) => {
      if (signal?.aborted) throw signal.reason;
      throw brokenConnection("unreachable", error);
    });
    if (response.ok || allowed.includes(response.status)) return response;
    throw await errorOf(response);
  }

  async #json<T>(path: string, call: Call = {}): Promise<T> {
    const signal = AbortSignal.timeout(QUESTION_MS);
    const response = await this.call(path, { signal, ...call });
    return (await response.json()) as T; // our own server's
  }
}

type WireModel = {
  readonly id: string;
  /** Those that do not generate have no `n_ctx`. */
  readonly meta: { readonly state: string; readonly n_ctx?: number | null };
};

type WireReadiness = {
  readonly status: string;
  readonly reason: string | null;
  readonly load_progress: number;
};
