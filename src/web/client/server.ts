// The server's API as far as the page uses it. Every call throws a ServerError, or the signal's reason when aborted.

import type { OpenedStream, StreamRequest } from "./opened-stream.ts";
import { chosenModel, type PageModel, pageModels, type WireModel } from "./page-models.ts";
import { connectionError, errorFrom, ServerError } from "./server-error.ts";
import { sseFrames } from "./sse-frames.ts";

/** The server's readiness. */
export type ServerReadiness = {
  /** `ready`, `loading`, `restarting`, `failed` or `draining`. */
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

/** Timeout of a request without a signal. Streams have their own timeouts. */
const TIMEOUT_MS = 20_000;
/** Share of the context that a prompt may take, so that there is room for the answer. */
const MAX_PROMPT_SHARE = 0.75;

export class Server {
  readonly #base: string;
  readonly #key: () => string | null;

  /**
   * @param base URL of the page, ending with a slash; behind a proxy it may include a path
   * @param key returns the current API key
   */
  constructor(base: string, key: () => string | null) {
    this.#base = base;
    this.#key = key;
  }

  /** Base URL of the API, shown by "Show request". */
  get apiUrl(): string {
    return new URL("v1", this.#base).href;
  }

  /** The default model first. */
  async models(): Promise<readonly PageModel[]> {
    const { data } = await this.#json<{ data: readonly WireModel[] }>("v1/models");
    return pageModels(data);
  }

  /** Whether the current key may load, unload, download and delete models. */
  async mayManageModels(): Promise<boolean> {
    const { ok } = await this.call("v1/models/pulls", {}, [401, 403, 404]);
    return ok;
  }

  /** Succeeds even if the server is not ready. */
  async readiness(): Promise<ServerReadiness> {
    const response = await this.call("ready", {}, [503]);
    const wire = (await response.json()) as WireReadiness;
    return { status: wire.status, reason: wire.reason, loadProgress: wire.load_progress };
  }

  /** Whether the prompt of this body fits the context of its model, with room for an answer. */
  async fits(body: { readonly model?: string }): Promise<boolean> {
    const path = "v1/chat/completions/input_tokens";
    try {
      const call = { method: "POST", body } as const;
      const { input_tokens: tokens } = await this.#json<{ input_tokens: number }>(path, call);
      const model = chosenModel(await this.models(), body.model ?? null); // loaded by now, so its context is known
      return tokens <= (model?.contextTokens ?? Number.POSITIVE_INFINITY) * MAX_PROMPT_SHARE;
    } catch (error) {
      if (error instanceof ServerError && error.failure.code === "context_length_exceeded")
        return false;
      throw error;
    }
  }

  /** Counts the tokens of a text. Loads the model. @param text at most 200,000 bytes */
  async countTokens(text: string, model: string): Promise<number> {
    const call = { method: "POST", body: { content: text, model } } as const;
    const { tokens } = await this.#json<{ tokens: readonly number[] }>("tokenize", call);
    return tokens.length;
  }

  /** Stops an answer on the server, in any phase. It is not an error if the answer has already ended. */
  async stop(target: { readonly address: string } | { readonly requestId: string }): Promise<void> {
    const path =
      "address" in target ? target.address : `v1/requests/${encodeURIComponent(target.requestId)}`;
    await this.call(path, { method: "DELETE" }, [404]);
  }

  /** Requests an answer as a stream, or the rest of an existing stream. */
  async openStream(request: StreamRequest, signal: AbortSignal): Promise<OpenedStream> {
    const response = await this.#requestStream(request, signal);
    // 204: nothing follows the last event, although the page never received the end.
    if (response.status === 204) throw connectionError("connection_lost");
    return { address: response.headers.get("location"), frames: sseFrames(response) };
  }

  /** The same over a WebSocket, whose code is loaded when it is used, because few choose it. */
  async openSocketStream(request: StreamRequest, signal: AbortSignal): Promise<OpenedStream> {
    const url = new URL("v1/ws", this.#base).href.replace(/^http/, "ws");
    const loaded = await import("./socket-frames.ts").catch(() => null);
    if (!loaded) throw connectionError("unreachable");
    return loaded.openSocketStream(request, { url, key: this.#key(), signal });
  }

  #requestStream(request: StreamRequest, signal: AbortSignal): Promise<Response> {
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
   * @param path below the base, with or without a leading slash
   * @param allowed statuses of 400 and above that are not errors
   */
  async call(path: string, call: Call = {}, allowed: readonly number[] = []): Promise<Response> {
    const { method = "GET", body, headers, signal = AbortSignal.timeout(TIMEOUT_MS) } = call;
    const key = this.#key();
    const response = await fetch(new URL(path.replace(/^\/+/, ""), this.#base), {
      method,
      headers: {
        ...(body ? { "content-type": "application/json" } : {}),
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...headers,
      },
      body: body ? JSON.stringify(body) : null,
      signal,
      cache: "no-store",
    }).catch((error: unknown) => {
      if (signal.aborted) throw signal.reason;
      throw connectionError("unreachable", error);
    });
    if (response.ok || allowed.includes(response.status)) return response;
    throw await errorFrom(response);
  }

  async #json<T>(path: string, call: Call = {}): Promise<T> {
    const response = await this.call(path, call);
    return (await response.json()) as T; // the server belongs to this page
  }
}

type WireReadiness = {
  readonly status: string;
  readonly reason: string | null;
  readonly load_progress: number;
};
