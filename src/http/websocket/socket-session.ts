// One WebSocket: its client's messages become requests, several at once, and their answers messages. A reader that falls
// behind holds up its own requests, and nobody else's; its further messages are not read either.

import type { IncomingMessage } from "node:http";
import type { RawData, WebSocket } from "ws";
import { encodeOpenaiError } from "../../api/openai/encoder.ts";
import {
  type ClientMessage,
  parseClientMessage,
  type SocketEnd,
  socketMessages,
} from "../../api/own/socket-messages.ts";
import { guarded, ServiceError, toServiceError } from "../../errors.ts";
import { type Deferred, deferred } from "../../generation/deferred.ts";
import type { InnerRequest } from "./inner-request.ts";
import { forwardAnswer } from "./socket-answer.ts";
import { SocketLiveness } from "./socket-liveness.ts";

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
  /** Whether a message is half read. */
  readonly isReceiving: () => boolean;
  /** Requests at once. */
  readonly mostOpen: number;
  /** It is asked whether it lives this often; in ms. */
  readonly heartbeatMs: number;
  /** A client that neither answers that nor reads for so long is gone, whatever it sends. */
  readonly stallTimeoutMs: number;
  /** Hears of errors that no request has caught. */
  readonly report: (error: unknown) => void;
};

/** The key has to come by then. */
const AUTH_MS = 10_000;
/** In all, of frames and their heads: of a client that may not ask yet, no more is read. */
const MOST_BEFORE_KEY_BYTES = 2_000;
/** More than this in the socket, and what else would be sent waits. */
const BUFFER_BYTES = 65_536;
/** Messages that cannot be understood, with nothing good between them: the client is broken, or hostile. */
const MOST_ERRORS = 100;
/** Codes of our own begin at 4000; this one is made like HTTP's. */
const UNAUTHORIZED = 4401;
const POLICY_VIOLATION = 1008;
const KEY_FIRST = 'an API key is required first: {"type":"auth","key":KEY}';

export class SocketSession {
  readonly #options: SocketSessionOptions;
  readonly #open = new Map<string, AbortController>();
  readonly #pinging: NodeJS.Timeout;
  readonly #authTimer: NodeJS.Timeout | null;
  /** Messages that are not followed before the answers to those before them fit into the socket. */
  readonly #arrived: (string | null)[] = [];
  /** Resolves when the client takes more; null while it does. */
  #room: Deferred<void> | null = null;
  #awaited: Deferred<void> | null = null;
  #key: string | null;
  #isWelcome: boolean;
  #bytesBeforeKey = 0;
  #errorsInARow = 0;
  readonly #liveness: SocketLiveness;

  constructor(options: SocketSessionOptions) {
    const { socket, key, isKeyWanted, heartbeatMs } = options;
    this.#options = options;
    this.#liveness = new SocketLiveness(options);
    this.#key = key;
    this.#isWelcome = !isKeyWanted || key !== null;
    this.#authTimer = this.#isWelcome
      ? null
      : setTimeout(
          this.#safe(() => this.#refuse("a key has not come in time")),
          AUTH_MS,
        );
    this.#pinging = setInterval(
      this.#safe(() => this.#askWhetherItLives()),
      heartbeatMs,
    );
    const onMessage = (data: RawData, isBinary: boolean) => {
      if (!this.#isThere) return socket.pause(); // it is being closed, and what it still sends is nobody's
      this.#arrived.push(isBinary ? null : String(data));
      this.#work();
    };
    socket.on("message", this.#safe(onMessage));
    socket.on("pong", (data) => this.#liveness.hearPong(String(data)));
    socket.on("error", () => {}); // its close follows
    socket.once(
      "close",
      this.#safe(() => this.#close()),
    );
  }

  /** As it was given with the connection, or since; null without one. */
  get key(): string | null {
    return this.#key;
  }

  get isWelcome(): boolean {
    return this.#isWelcome;
  }

  /** @param bytes that were read. @param announced of the message that is being read */
  countBeforeKey(bytes: number, announced: number): void {
    this.#bytesBeforeKey += bytes;
    if (this.#bytesBeforeKey + announced <= MOST_BEFORE_KEY_BYTES) return;
    this.#refuse(KEY_FIRST);
    this.#options.socket.pause(); // what follows would be kept until the socket is closed
  }

  /** To be called when the keys have changed: with one that was taken back, no more can be done. */
  checkKey(): void {
    const { isKeyWanted, isKeyRight } = this.#options;
    if (!isKeyWanted || this.#key === null || isKeyRight(this.#key)) return;
    this.#refuse("this API key is not known any more");
  }

  /** No request stands above these callbacks: an error costs this socket, and nothing else. */
  #safe<Args extends readonly unknown[]>(callback: (...args: Args) => void) {
    return guarded(callback, (error: unknown, ..._given: Args) => this.#break(error));
  }

  #break(error: unknown): void {
    this.#options.report(error);
    this.#options.socket.terminate();
  }

  /** One message at a time: with more in the socket than it may have, it is not read either. */
  #work(): void {
    const { socket } = this.#options;
    while (!this.#room) {
      const text = this.#arrived.shift();
      if (text === undefined) return this.#isThere ? socket.resume() : undefined;
      this.#receive(text);
    }
    socket.pause();
    if (this.#awaited === this.#room) return;
    this.#awaited = this.#room;
    this.#room.promise.then(() => this.#work()).catch((error) => this.#break(error));
  }

  #receive(text: string | null): void {
    if (!this.#isThere) return;
    let message: ClientMessage | null = null;
    try {
      if (text === null)
        throw new ServiceError("invalid_value", "messages are text, not binary", { param: "type" });
      message = parseClientMessage(text);
      this.#follow(message);
    } catch (thrown) {
      const error = toServiceError(thrown);
      if (error.code === "internal_error") this.#options.report(error.cause);
      if (!this.#isWelcome) return this.#refuse(KEY_FIRST);
      const id = message && "id" in message ? message.id : null;
      this.#tell(socketMessages.error(encodeOpenaiError(error), id));
      if (error.code !== "queue_full") this.#countError(); // that one is about the others
    }
  }

  #countError(): void {
    this.#errorsInARow += 1;
    if (this.#errorsInARow < MOST_ERRORS) return;
    this.#options.socket.close(POLICY_VIOLATION, "too many messages that cannot be followed");
  }

  #follow(message: ClientMessage): void {
    if (message.type === "auth") return this.#authenticate(message.key);
    if (message.type === "ping") return this.#tell(socketMessages.pong());
    if (!this.#isWelcome) return this.#refuse(KEY_FIRST);
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
    const { isKeyWanted, isKeyRight } = this.#options;
    if (isKeyWanted && !isKeyRight(key)) return this.#refuse("this API key is not known here");
    if (this.#authTimer) clearTimeout(this.#authTimer);
    this.#key = key;
    this.#isWelcome = true;
    this.#tell(socketMessages.authenticated());
  }

  #refuse(reason: string): void {
    this.#isWelcome = false;
    const error = new ServiceError("invalid_api_key", reason);
    this.#tell(socketMessages.error(encodeOpenaiError(error), null));
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
    this.#errorsInARow = 0;
    const authorization = this.#key === null ? {} : { authorization: `Bearer ${this.#key}` };
    const headers = { ...request.headers, ...authorization, host };
    this.#run(id, { ...request, headers, signal: abort.signal }).catch((error) =>
      this.#break(error),
    );
  }

  async #run(id: string, request: Omit<InnerRequest, "remoteAddress">): Promise<void> {
    let end: SocketEnd = "done";
    let stream: string | null = null;
    try {
      const response = await this.#options.ask(request);
      stream = response.headers.location ?? null;
      await forwardAnswer(id, response, (text) => this.#send(text));
    } catch {
      end = request.signal.aborted ? "cancelled" : "broken"; // the log of the request has the reason
    }
    // A resumable one would go on without its reader.
    if (end === "cancelled" && stream !== null && this.#isThere) await this.#stop(stream, request);
    this.#open.delete(id);
    await this.#send(socketMessages.end(id, end));
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

  #tell(text: string): void {
    this.#send(text).catch((error) => this.#break(error));
  }

  /** Resolves when the client takes more. */
  async #send(text: string): Promise<void> {
    const { socket } = this.#options;
    if (!this.#isThere) return;
    socket.send(text, this.#onSent);
    if (socket.bufferedAmount >= BUFFER_BYTES) this.#room ??= deferred();
    await this.#room?.promise;
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

  get #isThere(): boolean {
    const { socket } = this.#options;
    return socket.readyState === socket.OPEN;
  }

  #askWhetherItLives(): void {
    // In the middle of a large message it cannot answer pings; that has a time limit of its own.
    if (this.#options.isReceiving() && !this.#room) this.#liveness.heard();
    if (this.#isThere) this.#liveness.check();
  }

  #close(): void {
    clearInterval(this.#pinging);
    if (this.#authTimer) clearTimeout(this.#authTimer);
    for (const abort of this.#open.values()) abort.abort();
    this.#makeRoom(); // whoever waits for it is to end
  }
}
