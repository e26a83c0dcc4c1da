// One WebSocket: its client's messages become requests, several at once, and their answers messages. A reader that falls
// behind holds up its own requests, and nobody else's.

import type { IncomingMessage } from "node:http";
import { createParser } from "eventsource-parser";
import type { WebSocket } from "ws";
import { encodeOpenaiError } from "../api/openai-shared.ts";
import {
  type ClientMessage,
  parseClientMessage,
  type SocketEnd,
  told,
} from "../api/socket-messages.ts";
import { ServiceError, toServiceError } from "../errors.ts";
import type { InnerRequest } from "./inner-request.ts";

export type SocketSessionOptions = {
  readonly socket: WebSocket;
  /** As it was given with the connection; null when it was not, or none is wanted. */
  readonly key: string | null;
  /** Whether nothing may be asked before a key has come. */
  readonly isKeyWanted: boolean;
  readonly isKeyRight: (key: string) => boolean;
  readonly ask: (request: Omit<InnerRequest, "remoteAddress">) => Promise<IncomingMessage>;
  /** As the client calls this server. */
  readonly host: string;
  /** Requests at once. */
  readonly mostOpen: number;
  /** It is asked whether it lives this often; in ms. */
  readonly heartbeatMs: number;
  /** A client that says nothing to that for so long is gone. */
  readonly stallTimeoutMs: number;
};

/** The key has to come by then. */
const AUTH_MS = 10_000;
/** Characters of a message from somebody who may not ask yet. */
const MOST_BEFORE_KEY = 2_000;
/** More than this in the socket, and what else would be sent waits. */
const BUFFER_BYTES = 65_536;
/** Codes of our own begin at 4000; this one is made like HTTP's. */
const UNAUTHORIZED = 4401;
/** Said into a silence: a WebSocket has pings for that. */
const NO_NEWS = /^(heartbeat|connected)\b/;

export class SocketSession {
  readonly #options: SocketSessionOptions;
  readonly #open = new Map<string, AbortController>();
  readonly #pinging: NodeJS.Timeout;
  readonly #authTimer: NodeJS.Timeout | null;
  #key: string | null;
  #isWelcome: boolean;
  #heardAtMs = performance.now();

  constructor(options: SocketSessionOptions) {
    const { socket, key, isKeyWanted, heartbeatMs } = options;
    this.#options = options;
    this.#key = key;
    this.#isWelcome = !isKeyWanted || key !== null;
    this.#authTimer = this.#isWelcome
      ? null
      : setTimeout(() => this.#refuse("a key has not come in time"), AUTH_MS);
    this.#pinging = setInterval(() => this.#ping(), heartbeatMs);
    socket.on("message", (data, isBinary) => {
      this.#heardAtMs = performance.now();
      this.#receive(isBinary ? null : String(data));
    });
    socket.on("pong", () => {
      this.#heardAtMs = performance.now();
    });
    socket.on("error", () => {}); // its close follows
    socket.once("close", () => this.#close());
  }

  #receive(text: string | null): void {
    let message: ClientMessage | null = null;
    try {
      if (!this.#isWelcome && (text?.length ?? 0) > MOST_BEFORE_KEY)
        return this.#refuse("a key comes first");
      if (text === null)
        throw new ServiceError("invalid_value", "messages are text, not binary", { param: "type" });
      message = parseClientMessage(text);
      this.#follow(message);
    } catch (error) {
      const id = message && "id" in message ? message.id : null;
      void this.#send(told.error(encodeOpenaiError(toServiceError(error)), id));
    }
  }

  #follow(message: ClientMessage): void {
    if (message.type === "auth") return this.#authenticate(message.key);
    if (message.type === "ping") return void this.#send(told.pong());
    if (!this.#isWelcome)
      throw new ServiceError(
        "invalid_api_key",
        'an API key is required: {"type":"auth","key":KEY}',
      );
    switch (message.type) {
      case "cancel":
        return void this.#open.get(message.id)?.abort(); // one that has ended needs none
      case "resume": {
        const { id, stream, last_event_id } = message;
        const headers: Record<string, string> =
          last_event_id == null ? {} : { "last-event-id": String(last_event_id) };
        return this.#begin(id, { method: "GET", path: stream, headers, body: null });
      }
      case "request": {
        const { id, method, path, body } = message;
        const given = Object.entries(message.headers).map(([name, value]) => [name, String(value)]);
        const headers: Record<string, string> = Object.fromEntries(given);
        if (body === undefined) return this.#begin(id, { method, path, headers, body: null });
        const json = { "content-type": "application/json", ...headers };
        return this.#begin(id, { method, path, headers: json, body: JSON.stringify(body) });
      }
    }
  }

  #authenticate(key: string): void {
    if (this.#options.isKeyWanted && !this.#options.isKeyRight(key))
      return this.#refuse("this API key is not known here");
    if (this.#authTimer) clearTimeout(this.#authTimer);
    this.#key = key;
    this.#isWelcome = true;
    void this.#send(told.authenticated());
  }

  #refuse(reason: string): void {
    const error = new ServiceError("invalid_api_key", reason);
    void this.#send(told.error(encodeOpenaiError(error), null));
    this.#options.socket.close(UNAUTHORIZED, reason);
  }

  #begin(id: string, request: Omit<InnerRequest, "remoteAddress" | "signal">): void {
    const { mostOpen, host } = this.#options;
    if (this.#open.has(id))
      throw new ServiceError("invalid_value", `id: a request ${JSON.stringify(id)} is still open`, {
        param: "id",
      });
    if (this.#open.size >= mostOpen)
      throw new ServiceError("queue_full", `${mostOpen} requests are open on this socket`);
    const abort = new AbortController();
    this.#open.set(id, abort);
    const authorization = this.#key === null ? {} : { authorization: `Bearer ${this.#key}` };
    const headers = { ...request.headers, ...authorization, host };
    void this.#run(id, { ...request, headers, signal: abort.signal });
  }

  async #run(id: string, request: Omit<InnerRequest, "remoteAddress">): Promise<void> {
    let end: SocketEnd = "done";
    let stream: string | null = null;
    try {
      const response = await this.#options.ask(request);
      stream = response.headers.location ?? null;
      await this.#forward(id, response);
    } catch {
      end = request.signal.aborted ? "cancelled" : "broken"; // the log of the request has the reason
    }
    // A resumable one would go on without its reader.
    if (end === "cancelled" && stream !== null && this.#isThere) await this.#stop(stream, request);
    this.#open.delete(id);
    await this.#send(told.end(id, end));
  }

  async #stop(stream: string, { headers }: Pick<InnerRequest, "headers">): Promise<void> {
    const { authorization, host = "" } = headers;
    const request = {
      ...{ method: "DELETE", path: stream, body: null, signal: new AbortController().signal },
      headers: authorization === undefined ? { host } : { authorization, host },
    };
    // It may have ended meanwhile, and then there is nothing to stop.
    await this.#options.ask(request).then(
      (response) => response.resume(),
      () => {},
    );
  }

  async #forward(id: string, response: IncomingMessage): Promise<void> {
    const type = response.headers["content-type"] ?? "";
    response.setEncoding("utf8");
    const isEvents = type.startsWith("text/event-stream");
    if (!isEvents && !type.startsWith("application/x-ndjson"))
      return this.#forwardBody(id, response);
    const { "x-request-id": requestId, location } = response.headers;
    await this.#send(told.started(id, String(requestId), location ?? null));
    const messages: string[] = [];
    const feed = isEvents ? eventReader(id, messages) : lineReader(id, messages);
    for await (const text of response) {
      feed(String(text));
      for (const message of messages.splice(0)) await this.#send(message);
    }
  }

  async #forwardBody(id: string, response: IncomingMessage): Promise<void> {
    let body = "";
    for await (const text of response) body += String(text);
    const { statusCode: status = 0, headers } = response;
    const seconds = Number(headers["retry-after"]);
    const retryAfter = seconds > 0 ? seconds : undefined;
    await this.#send(told.response(id, { status, retryAfter, body }));
  }

  /** Resolves when the client takes more. */
  async #send(text: string): Promise<void> {
    const { socket } = this.#options;
    if (!this.#isThere) return;
    if (socket.bufferedAmount < BUFFER_BYTES) return socket.send(text);
    await new Promise<void>((resolve) => socket.send(text, () => resolve()));
  }

  get #isThere(): boolean {
    const { socket } = this.#options;
    return socket.readyState === socket.OPEN;
  }

  #ping(): void {
    const { socket, stallTimeoutMs } = this.#options;
    if (performance.now() - this.#heardAtMs > stallTimeoutMs) return socket.terminate();
    if (this.#isThere) socket.ping();
  }

  #close(): void {
    clearInterval(this.#pinging);
    if (this.#authTimer) clearTimeout(this.#authTimer);
    for (const abort of this.#open.values()) abort.abort();
  }
}

function eventReader(id: string, messages: string[]): (text: string) => void {
  const parser = createParser({
    onEvent: (event) => void messages.push(told.event(id, event)),
    onComment: (comment) => {
      const news = comment.trim();
      if (!NO_NEWS.test(news)) messages.push(told.status(id, news));
    },
  });
  return (text) => parser.feed(text);
}

function lineReader(id: string, messages: string[]): (text: string) => void {
  let rest = "";
  return (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const data of lines) messages.push(told.event(id, { data }));
  };
}
