// One WebSocket: the client's messages become requests, several at a time, and their answers become messages. A client that
// reads slowly delays only its own requests, and its further messages are not read meanwhile.

import type { RawData, WebSocket } from "ws";
import { encodeOpenaiError } from "../../api/openai/encoder.ts";
import {
  type ClientMessage,
  parseClientMessage,
  socketMessages,
} from "../../api/sluice/socket-messages.ts";
import { guarded, ServiceError, toServiceError } from "../../errors.ts";
import { type Deferred, deferred } from "../../generation/deferred.ts";
import type { Credentials } from "../../keys/credentials.ts";
import { checkCredential } from "./check-credential.ts";
import type { SocketExchange, SocketExchangeOptions, SocketRequest } from "./socket-exchange.ts";
import { SocketLiveness } from "./socket-liveness.ts";

type OpenExchange = Pick<SocketExchange, "ended" | "location" | "abort">;

export type SocketSessionOptions = {
  readonly socket: WebSocket;
  /** The API key of the upgrade request; null without one, or if no key is required. */
  readonly key: string | null;
  readonly keys: Pick<Credentials, "isOpen" | "authenticate">;
  readonly open: (
    request: SocketRequest,
    options: Omit<SocketExchangeOptions, "remoteAddress">,
  ) => OpenExchange;
  /** The host name that the client uses for this server. */
  readonly host: string;
  /** Whether a message is only partly received. */
  readonly isReceiving: () => boolean;
  /** Limit of open requests on one socket. */
  readonly socketRequests: number;
  /** The interval of pings, in ms. */
  readonly heartbeatMs: number;
  /** A client that neither answers pings nor reads for this time is disconnected, even if it sends. */
  readonly stallTimeoutMs: number;
  /** Called with errors that no request has caught. */
  readonly report: (error: unknown) => void;
};

/** The client must send its key within this time. */
const AUTH_MS = 10_000;
/** Limit for everything that is received before the key, frame headers included. */
const MAX_BEFORE_KEY_BYTES = 2_000;
/** With more than this buffered in the socket, further messages wait. */
const BUFFER_BYTES = 65_536;
/** Limit of invalid messages in a row: the client is broken or hostile. */
const MAX_ERRORS = 100;
/** Application close codes begin at 4000; this one follows HTTP's 401. */
const UNAUTHORIZED = 4401;
const POLICY_VIOLATION = 1008;
const KEY_FIRST = 'an API key is required first: {"type":"auth","key":KEY}';

export class SocketSession {
  readonly #options: SocketSessionOptions;
  readonly #requests = new Map<string, OpenExchange>();
  readonly #pinging: NodeJS.Timeout;
  readonly #authTimer: NodeJS.Timeout | null;
  /** Received messages that wait until the socket has room for the answers; null is a binary message. */
  readonly #inbox: (string | null)[] = [];
  /** Resolves when the socket has room; null while it has. */
  #room: Deferred<void> | null = null;
  #awaited: Deferred<void> | null = null;
  #key: string | null;
  #isAuthenticated: boolean;
  /** Whether its token is being checked. */
  #isChecking = false;
  #bytesBeforeKey = 0;
  #errorsInARow = 0;
  readonly #liveness: SocketLiveness;

  constructor(options: SocketSessionOptions) {
    const { socket, key, keys, heartbeatMs } = options;
    this.#options = options;
    this.#liveness = new SocketLiveness(options);
    this.#key = key;
    this.#isAuthenticated = keys.isOpen || key !== null;
    const onLate = this.#safe(() => this.#refuse("no API key was sent in time"));
    this.#authTimer = this.#isAuthenticated ? null : setTimeout(onLate, AUTH_MS);
    const ping = this.#safe(() => this.#ping());
    this.#pinging = setInterval(ping, heartbeatMs);
    const onMessage = (data: RawData, isBinary: boolean) => {
      if (!this.#isOpen) return socket.pause(); // it is closing: further messages are not read
      this.#inbox.push(isBinary ? null : String(data));
      this.#handleInbox();
    };
    socket.on("message", this.#safe(onMessage));
    socket.on("pong", (data) => this.#liveness.hearPong(String(data)));
    socket.on("error", () => {}); // "close" follows
    const onClose = this.#safe(() => this.#close());
    socket.once("close", onClose);
  }

  /** The API key, from the upgrade request or an "auth" message; null without one. */
  get key(): string | null {
    return this.#key;
  }

  get isAuthenticated(): boolean {
    return this.#isAuthenticated;
  }

  /** @param bytes just received. @param announced total length of the message being received */
  countBeforeKey(bytes: number, announced: number): void {
    if (this.#isChecking) return; // it sends no more until then
    this.#bytesBeforeKey += bytes;
    if (this.#bytesBeforeKey + announced <= MAX_BEFORE_KEY_BYTES) return;
    this.#refuse(KEY_FIRST);
    this.#options.socket.pause(); // ws would buffer further data until the socket is closed
  }

  /** Must be called when the keys change: a revoked key closes the socket. */
  checkKey(): void {
    if (this.#key === null) return;
    this.#whenChecked(this.#key, (problem) => {
      if (problem !== null) this.#refuse("this API key is no longer valid");
    });
  }

  /** No caller catches errors of these callbacks: an error closes this socket only. */
  #safe<Args extends readonly unknown[]>(callback: (...args: Args) => void) {
    return guarded(callback, (error: unknown, ..._given: Args) => this.#fail(error));
  }

  #fail(error: unknown): void {
    this.#options.report(error);
    this.#options.socket.terminate();
  }

  /** Handles one message at a time. While the socket is full, it is not read either. */
  #handleInbox(): void {
    const { socket } = this.#options;
    while (!this.#room && !this.#isChecking) {
      const text = this.#inbox.shift();
      if (text === undefined) return this.#isOpen ? socket.resume() : undefined;
      this.#handle(text);
    }
    socket.pause();
    if (!this.#room || this.#awaited === this.#room) return;
    this.#awaited = this.#room;
    this.#room.promise.then(() => this.#handleInbox()).catch((error) => this.#fail(error));
  }

  #handle(text: string | null): void {
    if (!this.#isOpen) return;
    let message: ClientMessage | null = null;
    try {
      if (text === null)
        throw new ServiceError("invalid_value", "messages are text, not binary", { param: "type" });
      message = parseClientMessage(text);
      this.#act(message);
    } catch (thrown) {
      const error = toServiceError(thrown);
      if (error.code === "internal_error") this.#options.report(error.cause);
      if (!this.#isAuthenticated) return this.#refuse(KEY_FIRST);
      const id = message && "id" in message ? message.id : null;
      void this.#send(socketMessages.error(encodeOpenaiError(error), id));
      if (error.code !== "queue_full") this.#countError(); // not an invalid message
    }
  }

  #countError(): void {
    this.#errorsInARow += 1;
    if (this.#errorsInARow < MAX_ERRORS) return;
    this.#options.socket.close(POLICY_VIOLATION, "too many invalid messages");
  }

  #act(message: ClientMessage): void {
    if (message.type === "auth") return this.#authenticate(message.key);
    if (message.type === "ping") return void this.#send(socketMessages.pong());
    if (!this.#isAuthenticated) return this.#refuse(KEY_FIRST);
    switch (message.type) {
      case "cancel":
        return void this.#requests.get(message.id)?.abort(); // nothing to do if it has ended
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
    this.#whenChecked(key, (problem) => {
      if (problem !== null) return this.#refuse(problem);
      if (this.#authTimer) clearTimeout(this.#authTimer);
      this.#key = key;
      this.#isAuthenticated = true;
      void this.#send(socketMessages.authenticated());
    });
  }

  /** While a token is being checked, further messages wait. @param done gets null for a valid key or token */
  #whenChecked(key: string, done: (problem: string | null) => void): void {
    const checking = checkCredential(this.#options.keys, key, done);
    if (!checking) return;
    this.#isChecking = true;
    checking
      .finally(() => {
        this.#isChecking = false;
        this.#handleInbox();
      })
      .catch((error) => this.#fail(error));
  }

  #refuse(reason: string): void {
    this.#isAuthenticated = false;
    const error = new ServiceError("invalid_api_key", reason);
    void this.#send(socketMessages.error(encodeOpenaiError(error), null));
    this.#options.socket.close(UNAUTHORIZED, reason);
  }

  #begin(id: string, request: SocketRequest): void {
    const { socketRequests, host } = this.#options;
    if (this.#requests.has(id)) {
      const message = `id: the request ${JSON.stringify(id)} is still open; use another id`;
      throw new ServiceError("invalid_value", message, { param: "id" });
    }
    if (this.#requests.size >= socketRequests) {
      const message = `this socket has ${socketRequests} open requests, the most allowed (--socket-requests)`;
      throw new ServiceError("queue_full", message);
    }
    this.#errorsInARow = 0;
    const authorization = this.#key === null ? {} : { authorization: `Bearer ${this.#key}` };
    const headers = { ...request.headers, ...authorization, host };
    this.#run(id, { ...request, headers }).catch((error) => this.#fail(error));
  }

  async #run(id: string, request: SocketRequest): Promise<void> {
    const exchange = this.#options.open(request, { name: id, send: (text) => this.#send(text) });
    this.#requests.set(id, exchange);
    const end = await exchange.ended;
    // A resumable stream would continue without a reader.
    if (end === "cancelled" && exchange.location !== null && this.#isOpen)
      await this.#stop(exchange.location, request);
    this.#requests.delete(id);
    void this.#send(socketMessages.end(id, end));
  }

  async #stop(stream: string, { headers: given }: Pick<SocketRequest, "headers">): Promise<void> {
    const { authorization, host = "" } = given;
    const headers = authorization === undefined ? { host } : { authorization, host };
    const request = { method: "DELETE", path: stream, headers, body: null };
    // An error means that the stream has ended already.
    await this.#options.open(request, { name: "", send: () => null }).ended;
  }

  /** Never throws. @returns a promise if the socket is full: it resolves when there is room for more */
  #send(text: string): Promise<void> | null {
    const { socket } = this.#options;
    if (!this.#isOpen) return null;
    try {
      socket.send(text, this.#onSent);
    } catch (error) {
      this.#fail(error);
    }
    if (socket.bufferedAmount >= BUFFER_BYTES) this.#room ??= deferred();
    return this.#room?.promise ?? null;
  }

  readonly #onSent = (): void => {
    if (!this.#room || this.#options.socket.bufferedAmount >= BUFFER_BYTES) return;
    this.#makeRoom();
  };

  #makeRoom(): void {
    this.#liveness.heard();
    this.#room?.resolve();
    this.#room = null;
  }

  get #isOpen(): boolean {
    const { socket } = this.#options;
    return socket.readyState === socket.OPEN;
  }

  #ping(): void {
    // A client cannot answer a ping while it sends a large message, which has a separate time limit.
    if (this.#options.isReceiving() && !this.#room) this.#liveness.heard();
    if (this.#isOpen) this.#liveness.check();
  }

  #close(): void {
    clearInterval(this.#pinging);
    if (this.#authTimer) clearTimeout(this.#authTimer);
    for (const exchange of this.#requests.values()) exchange.abort();
    this.#makeRoom(); // so that waiting requests end
  }
}
