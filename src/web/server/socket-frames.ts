// One answer over a WebSocket, in the same frames as over HTTP. Messages: docs/api.md, "WebSocket".

import type { OpenedStream, StreamRequest } from "./opened-stream.ts";
import { brokenConnection, failureIn, ServerError } from "./server-error.ts";
import type { SseFrame } from "./sse-frames.ts";

type SocketOptions = {
  /** Of `/v1/ws`. */
  readonly url: string;
  readonly key: string | null;
  readonly signal: AbortSignal;
};

/** What the page reads of a message. */
type Message = {
  readonly type: string;
  readonly stream?: string | null;
  readonly status?: number;
  readonly retry_after?: number;
  readonly body?: unknown;
  readonly error?: object;
  readonly event_id?: string | null;
  readonly data?: unknown;
  readonly state?: string;
  readonly [field: string]: unknown;
};

const ID = "answer";
/** A browser does not tell its page of the server's pings, so the page asks for itself. */
const PING_MS = 5_000;
const MOST_SILENCE_MS = 3 * PING_MS;

/** @throws ServerError when it is refused, or nothing comes; the signal's reason */
export async function openSocketStream(
  request: StreamRequest,
  options: SocketOptions,
): Promise<OpenedStream> {
  const inbox = new Inbox(options);
  try {
    await inbox.open();
    if (options.key !== null) inbox.say({ type: "auth", key: options.key });
    inbox.say(messageFor(request));
    for (;;) {
      const message = await inbox.next();
      if (message === null) throw brokenConnection("unreachable");
      if (message.type === "response" || message.type === "error") throw refusal(message);
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

function refusal({ status = 0, retry_after: seconds, body, error }: Message): ServerError {
  if (status === 204) return brokenConnection("connection_lost");
  const retryAtMs = seconds === undefined ? null : Date.now() + seconds * 1000;
  return new ServerError({
    ...failureIn(body ?? { error }),
    ...{ status: status || null, retryAtMs },
  });
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

function frameOf({ type, data, event_id: id = null, state, ...rest }: Message): SseFrame | null {
  if (type === "event")
    return { type: "event", id, data: typeof data === "string" ? data : JSON.stringify(data) };
  if (type !== "status") return null;
  const fields = Object.entries(rest).map(([name, value]) => `${name}=${value}`);
  return { type: "comment", text: [state, ...fields].join(" ") };
}

/** What comes over one socket, in order, and the watch over its silence. */
class Inbox {
  readonly #socket: WebSocket;
  readonly #signal: AbortSignal;
  readonly #messages: Message[] = [];
  readonly #timer: ReturnType<typeof setInterval>;
  #wake = () => {};
  #heardAtMs = performance.now();
  #isOver = false;

  constructor({ url, signal }: SocketOptions) {
    this.#signal = signal;
    this.#socket = new WebSocket(url);
    this.#socket.onmessage = ({ data }) => {
      this.#heardAtMs = performance.now();
      this.#messages.push(JSON.parse(String(data)) as Message);
      this.#wake();
    };
    this.#socket.onclose = () => this.#end();
    signal.addEventListener("abort", this.close, { once: true });
    this.#timer = setInterval(() => this.#watch(), PING_MS);
  }

  /** @throws ServerError when there is no connection */
  async open(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CONNECTING)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#socket.onopen = () => resolve();
      });
    if (this.#signal.aborted) throw this.#signal.reason;
    if (this.#isOver) throw brokenConnection("unreachable");
  }

  say(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** @returns null when the connection has ended. @throws the signal's reason */
  async next(): Promise<Message | null> {
    for (;;) {
      if (this.#signal.aborted) throw this.#signal.reason;
      const message = this.#messages.shift();
      if (message) return message;
      if (this.#isOver) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  readonly close = (): void => {
    this.#socket.close();
    this.#end();
  };

  #watch(): void {
    if (performance.now() - this.#heardAtMs > MOST_SILENCE_MS) this.close();
    else if (this.#socket.readyState === WebSocket.OPEN) this.say({ type: "ping" });
  }

  #end(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
    this.#signal.removeEventListener("abort", this.close);
    this.#wake();
  }
}
