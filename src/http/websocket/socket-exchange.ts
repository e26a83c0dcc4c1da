// One request of a WebSocket: it goes through the same app as every HTTP request, with the same guards, limits and handlers,
// and what they write becomes messages. Request and response are Node's own, on a connection that carries nothing.

import { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { Application, Request, Response } from "express";
import { type SocketEnd, socketMessages } from "../../api/sluice/socket-messages.ts";
import { type Deferred, deferred } from "../../generation/deferred.ts";
import type { ResponseLocals } from "../server/response-locals.ts";
import type { StreamFormat } from "../stream/stream-format.ts";

export type SocketRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text; null for none. */
  readonly body: string | null;
};

export type SocketExchangeOptions = {
  /** The id that the client has given its request. */
  readonly name: string;
  /** The address of the client. */
  readonly remoteAddress: string | undefined;
  /** Sends a message. @returns a promise if the socket is full: it resolves when there is room again */
  readonly send: (message: string) => Promise<void> | null;
};

export class SocketExchange {
  readonly #options: SocketExchangeOptions;
  readonly #ended: Deferred<SocketEnd> = deferred();
  readonly #connection: Duplex;
  readonly #res: ServerResponse;
  readonly #body: Buffer[] = [];
  #isOver = false;
  #room: Promise<void> | null = null;

  constructor(app: Application, request: SocketRequest, options: SocketExchangeOptions) {
    this.#options = options;
    this.#connection = connectionOf(options.remoteAddress);
    this.#connection.once("close", () => this.#close("broken"));
    const req = requestOn(this.#connection, request);
    this.#res = this.#responseTo(req);
    // The casts are safe: Express gives both objects its own prototypes.
    app(req as Request, this.#res as Response, () => this.#close("broken")); // an error after the headers
  }

  /** Resolves when the answer has ended. */
  get ended(): Promise<SocketEnd> {
    return this.#ended.promise;
  }

  /** Where the client can continue a resumable stream; null for another answer. */
  get location(): string | null {
    return this.#res.getHeader("location")?.toString() ?? null;
  }

  /** Ends the request as if its client had disconnected. */
  abort(): void {
    this.#close("cancelled");
  }

  /** The overridden methods are own properties of the response, because Express replaces its prototype. */
  #responseTo(req: IncomingMessage): ServerResponse {
    const res = new ServerResponse(req);
    const locals: ResponseLocals = { streamFormat: this.#format() };
    const write = (chunk: unknown) => this.#write(chunk);
    const end = (chunk?: unknown) => {
      if (chunk) this.#write(chunk);
      this.#end();
      return res;
    };
    const destroy = () => {
      this.#close("broken");
      return res;
    };
    Object.assign(res, { locals, write, end, destroy });
    Object.defineProperty(res, "writableNeedDrain", { get: () => this.#room !== null });
    Object.defineProperty(res, "writableFinished", { value: false, writable: true });
    return res;
  }

  /** A stream's text is one message for each line. */
  #format(): StreamFormat {
    const { name } = this.#options;
    const requestId = () => String(this.#res.getHeader("x-request-id"));
    return {
      contentType: STREAM_TYPE,
      encode: (frames) => frames.map((frame) => socketMessages.event(name, frame)).join("\n"),
      eventIds: "usual",
      opening: () => socketMessages.started(name, requestId(), this.location),
      comment: (status) => (status ? socketMessages.status(name, status) : ""), // a WebSocket has pings
    };
  }

  get #isStream(): boolean {
    return this.#res.getHeader("content-type") === STREAM_TYPE;
  }

  /** @returns whether there is room for more */
  #write(chunk: unknown): boolean {
    if (this.#isOver) return false;
    if (this.#isStream) for (const message of String(chunk).split("\n")) this.#send(message);
    else this.#body.push(Buffer.from(chunk as string | Uint8Array));
    return this.#room === null;
  }

  #send(message: string): void {
    const room = this.#options.send(message);
    if (!room || this.#room) return;
    this.#room = room.then(() => {
      this.#room = null;
      this.#res.emit("drain");
    });
  }

  #end(): void {
    const res = this.#res;
    if (this.#isOver || res.finished) return;
    if (!res.headersSent) res.writeHead(res.statusCode);
    res.finished = true;
    if (!this.#isStream) this.#send(this.#bodyMessage());
    void (this.#room ?? Promise.resolve()).then(() => this.#close("done"));
  }

  #bodyMessage(): string {
    const { statusCode: status } = this.#res;
    const seconds = Number(this.#res.getHeader("retry-after"));
    const retryAfter = seconds > 0 ? seconds : undefined;
    const body = Buffer.concat(this.#body).toString();
    return socketMessages.response(this.#options.name, { status, retryAfter, body });
  }

  #close(end: SocketEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (end === "done") {
      Object.assign(this.#res, { writableFinished: true });
      this.#res.emit("finish");
    }
    this.#body.length = 0; // a stored answer may reference this object until it expires
    Object.assign(this.#res, { destroyed: true, finished: true });
    this.#res.emit("socket", this.#connection); // express.static, which waits for a socket, then sees it close
    this.#res.emit("close");
    this.#connection.destroy();
    this.#ended.resolve(end);
  }
}

/** No client sees it. */
const STREAM_TYPE = "application/x-websocket-messages";

/** A socket that carries nothing, for what the app asks of the socket of a request. */
function connectionOf(remoteAddress: string | undefined): Duplex {
  const connection = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
  return Object.assign(connection, { remoteAddress });
}

function requestOn(connection: Duplex, request: SocketRequest): IncomingMessage {
  const { method, path, headers, body } = request;
  const req = new IncomingMessage(connection as Socket);
  const length = body === null ? {} : { "content-length": String(Buffer.byteLength(body)) };
  Object.assign(req, { method, url: path, httpVersion: "1.1", headers: { ...headers, ...length } });
  req.complete = true;
  if (body !== null) req.push(body);
  req.push(null);
  return req;
}
