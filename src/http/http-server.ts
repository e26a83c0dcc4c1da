// The HTTP server around the app. What never reaches Express (bytes that are no HTTP, targets without a path) gets the same
// envelope and request id as every other refusal, where there is anybody to tell.

import { randomUUID } from "node:crypto";
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Express, Request, Response } from "express";
import type { Logger } from "pino";
import { encodeOpenaiError } from "../api/openai-shared.ts";
import { ServiceError } from "../errors.ts";
import type { Metrics } from "../metrics.ts";
import { sendError } from "./middleware.ts";

/** An idle connection is kept so long: client pools reuse theirs for a minute or more, and a shorter time races them. */
const KEEP_ALIVE_MS = 75_000;
const HEADERS_MS = KEEP_ALIVE_MS + 5_000;

type Deps = { readonly log: Logger; readonly metrics: Metrics };

/** The last request of each connection. */
type Latest = WeakMap<Socket, ServerResponse>;

/** Node's code for a head or a body that does not come. */
const TIMEOUT = "ERR_HTTP_REQUEST_TIMEOUT";

export function createHttpServer(app: Express, deps: Deps): Server {
  const latest: Latest = new WeakMap();
  // Express makes both its own, whatever they are before.
  const handle = (req: IncomingMessage, res: ServerResponse) => {
    latest.set(req.socket, res);
    if (req.headers.host === undefined && req.httpVersion === "1.1")
      return refuse(res, "a request has a Host header");
    app(req as Request, res as Response, () =>
      refuse(res, "the target of the request has no path"),
    );
  };
  const limits = { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: HEADERS_MS };
  const server = createServer({ ...limits, requireHostHeader: false }, handle);
  server.on("checkExpectation", handle); // what we do not know is served as if nothing were expected
  answerUnreadable(server, latest, deps);
  return server;
}

type Address = { readonly host: string; readonly port: number };

/** @returns the base URL. @throws Error with `code` `EADDRINUSE` and the like */
export function listen(server: Server, { host, port }: Address): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      const { address, port: actual, family } = server.address() as AddressInfo; // a TCP server has no other kind
      resolve(`http://${family === "IPv6" ? `[${address}]` : address}:${actual}`);
    });
  });
}

/** Where Express is not asked or knows no way; also when an error came after the answer had begun. */
function refuse(res: ServerResponse, message: string): void {
  if (res.headersSent) return void res.destroy();
  const error = new ServiceError("bad_request", message);
  res.writeHead(error.traits.status, headersOf(randomUUID())).end(bodyOf(error));
}

function answerUnreadable(server: Server, latest: Latest, { log, metrics }: Deps): void {
  server.on("clientError", (failure: NodeJS.ErrnoException, socket: Socket) => {
    const res = latest.get(socket);
    if (failure.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
    const error = errorOf(failure);
    if (res && isBeingRead(res, socket)) return endRequest(res, error);
    // Bytes of our own must not get in between, or before, those of an answer that is on its way.
    if (res && !res.writableFinished) return void socket.destroy();
    const requestId = randomUUID();
    if (failure.code !== TIMEOUT) {
      // A browser opens connections that it may never need: those are no requests.
      metrics.requestEnded(error.code, null);
      log.info({ requestId, outcome: error.code }, "request");
    }
    socket.end(bytesOf(error, requestId), () => socket.destroy());
  });
}

/** Its head was understood, its body is not; and it is its turn on the connection. */
function isBeingRead(res: ServerResponse, socket: Socket): boolean {
  return !res.req.complete && !res.headersSent && res.socket === socket;
}

/** Its path's own envelope. That the request has ended, its handler hears from the socket. */
function endRequest(res: ServerResponse, error: ServiceError): void {
  res.setHeader("connection", "close");
  sendError(res as Response, error); // Express has made it one before it emitted the request
}

/** https://nodejs.org/api/http.html#event-clienterror */
function errorOf({ code }: NodeJS.ErrnoException): ServiceError {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return new ServiceError("headers_too_large", "the headers are larger than 16 KiB");
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return new ServiceError("body_too_large", "the extensions of a chunk are too long");
    case TIMEOUT:
      return new ServiceError("bad_request", "the request did not come in time");
    default:
      return new ServiceError("bad_request", "the request is not valid HTTP");
  }
}

function bytesOf(error: ServiceError, requestId: string): string {
  const { status } = error.traits;
  const body = bodyOf(error);
  const headers = { ...headersOf(requestId), "content-length": Buffer.byteLength(body) };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, "", body].join("\r\n");
}

function headersOf(requestId: string) {
  return {
    "content-type": "application/json; charset=utf-8",
    "x-request-id": requestId,
    "request-id": requestId,
    connection: "close",
  };
}

function bodyOf(error: ServiceError): string {
  return JSON.stringify(encodeOpenaiError(error));
}
