// Reads one answer over a WebSocket, as the same frames as over HTTP. docs/api/websocket.md documents the messages.

import type { OpenedStream, StreamRequest } from "./opened-stream.ts";
import { connectionError, failureFrom, ServerError } from "./server-error.ts";
import type { SseFrame } from "./sse-frames.ts";
import { phaseFrom, type WireStatus } from "./wait-phase.ts";

type SocketOptions = {
  /** URL of `/v1/ws`. */
  readonly url: string;
  readonly key: string | null;
  readonly signal: AbortSignal;
};

/** The fields of a message that the page uses. */
type Message = WireStatus & {
  readonly type: string;
  readonly stream?: string | null;
  readonly status?: number;
  readonly retry_after?: number;
  readonly body?: unknown;
  readonly error?: object;
  readonly event_id?: string | null;
  readonly data?: unknown;
};

const ID = "answer";
/** Browsers do not expose the server's pings to a page, so the page sends its own. */
const PING_MS = 5_000;
const MAX_SILENCE_MS = 3 * PING_MS;

/** @throws ServerError if the request is refused or the connection fails; the signal's reason when aborted */
export async function openSocketStream(
  request: StreamRequest,
  options: SocketOptions,
): Promise<OpenedStream> {
  const inbox = new Inbox(options);
  try {
    await inbox.open();
    if (options.key !== null) inbox.send({ type: "auth", key: options.key });
    inbox.send(messageFor(request));
    for (;;) {
      const message = await inbox.next();
      if (message === null) throw connectionError("unreachable");
      if (message.type === "response" || message.type === "error") throw refusalFrom(message);
      if (message.type === "started")
        return { address: message.stream ?? null, frames: framesOf(inbox) };
    }
  } catch (error) {
    inbox.close();
    throw error;
  }
}

function messageFor(request: StreamRequest): object {
  if ("address" in request) {
    const { address, lastEventId } = request;
    return { type: "resume", id: ID, stream: address, last_event_id: lastEventId };
  }
  const { body, requestId, isResumable } = request;
  const headers = { "x-resumable": isResumable, "x-request-id": requestId };
  return { type: "request", id: ID, path: "/v1/chat/completions", headers, body };
}

function refusalFrom({ status = 0, retry_after: seconds, body, error }: Message): ServerError {
  if (status === 204) return connectionError("connection_lost");
  const retryAtMs = seconds === undefined ? null : Date.now() + seconds * 1000;
  return new ServerError({ ...failureFrom(body ?? { error }), status: status || null, retryAtMs });
}

async function* framesOf(inbox: Inbox): AsyncGenerator<readonly SseFrame[], void, undefined> {
  try {
    for (;;) {
      const message = await inbox.next();
      if (message === null || message.type === "end") return;
      const frame = frameOf(message);
      if (frame) yield [frame];
    }
  } finally {
    inbox.close();
  }
}

function frameOf({ type, data, event_id: id = null, ...rest }: Message): SseFrame | null {
  if (type === "event")
    return { type: "event", id, data: typeof data === "string" ? data : JSON.stringify(data) };
  if (type !== "status") return null;
  const phase = phaseFrom(rest);
  return phase && { type: "status", phase };
}

/** The messages of one socket in order. Closes a socket that is silent for too long. */
class Inbox {
  readonly #socket: WebSocket;
  readonly #signal: AbortSignal;
  readonly #messages: Message[] = [];
  readonly #timer: ReturnType<typeof setInterval>;
  #wake = () => {};
  #receivedAtMs = performance.now();
  #isClosed = false;

  constructor({ url, signal }: SocketOptions) {
    this.#signal = signal;
    this.#socket = new WebSocket(url);
    this.#socket.onmessage = ({ data }) => {
      this.#receivedAtMs = performance.now();
      this.#messages.push(JSON.parse(String(data)) as Message);
      this.#wake();
    };
    this.#socket.onclose = () => this.#end();
    signal.addEventListener("abort", this.close, { once: true });
    this.#timer = setInterval(() => this.#checkSilence(), PING_MS);
  }

  /** @throws ServerError if the connection fails */
  async open(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CONNECTING)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#socket.onopen = () => resolve();
      });
    if (this.#signal.aborted) throw this.#signal.reason;
    if (this.#isClosed) throw connectionError("unreachable");
  }

  send(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** @returns null when the connection is closed. @throws the signal's reason when aborted */
  async next(): Promise<Message | null> {
    for (;;) {
      if (this.#signal.aborted) throw this.#signal.reason;
      const message = this.#messages.shift();
      if (message) return message;
      if (this.#isClosed) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  readonly close = (): void => {
    this.#socket.close();
    this.#end();
  };

  #checkSilence(): void {
    if (performance.now() - this.#receivedAtMs > MAX_SILENCE_MS) this.close();
    else if (this.#socket.readyState === WebSocket.OPEN) this.send({ type: "ping" });
  }

  #end(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#signal.removeEventListener("abort", this.close);
    this.#wake();
  }
}
