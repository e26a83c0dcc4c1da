// The HTTP server around the app. What never reaches Express (bytes that are no HTTP, targets without a path) gets the same
// envelope and request id as every other refusal, where there is anybody to tell.

import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import { createServer as createTlsServer, Server as TlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Express, Request, Response } from "express";
import type { Logger } from "pino";
import { encodeOpenaiError } from "../../api/openai/encoder.ts";
import { guarded, ServiceError } from "../../errors.ts";
import type { Metrics } from "../../metrics.ts";
import type { Connections, HttpServer } from "./connections.ts";
import { sendError } from "./middleware.ts";
import { NO_SNIFF } from "./security-headers.ts";

/** An idle connection is kept so long: client pools reuse theirs for a minute or more, and a shorter time races them. */
const KEEP_ALIVE_MS = 75_000;
const HEADERS_MS = 20_000;
const HANDSHAKE_MS = 20_000;
/** A connection on which nothing moves is asked whether it lives; the kernel gives it up some 10 s later. */
const PROBE_AFTER_MS = 10_000;
/** How long before the same is worth another log line. */
const LOG_EVERY_MS = 60_000;

type Deps = {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly connections: Connections;
  /** Hears of errors that no request has caught. */
  readonly report: (error: unknown) => void;
};

export type HttpServerOptions = {
  /** Null for HTTP. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  /** A request must have come in whole by then. */
  readonly receiveTimeoutMs: number;
  readonly maxConnections: number;
  /** A client that takes nothing of an answer for so long is cut off. */
  readonly stallTimeoutMs: number;
};

/** Node's code for a head or a body that does not come. */
const TIMEOUT = "ERR_HTTP_REQUEST_TIMEOUT";

export function createHttpServer(app: Express, deps: Deps, options: HttpServerOptions): HttpServer {
  const { connections, report } = deps;
  // Express makes both its own, whatever they are before.
  const serve = (req: IncomingMessage, res: ServerResponse) => {
    if (!connections.begin(res)) return void req.socket.destroy();
    if (!hasOneHost(req)) return refuse(res, "a request has one Host header");
    app(req as Request, res as Response, () =>
      refuse(res, "the target of the request has no path"),
    );
  };
  const handle = guarded(serve, (error, req) => {
    report(error);
    req.socket.destroy();
  });
  const { tls } = options;
  const server = tls
    ? createTlsServer({ ...limitsOf(options), ...tls, handshakeTimeout: HANDSHAKE_MS }, handle)
    : createServer(limitsOf(options), handle);
  server.maxConnections = options.maxConnections;
  server.on("checkExpectation", handle); // what we do not know is served as if nothing were expected
  server.on("checkContinue", (req, res) => {
    res.setHeader("connection", "close"); // whether a refused body still comes, nobody can know
    handle(req, res);
  });
  connections.follow(server, options.stallTimeoutMs);
  answerUnreadable(server, deps);
  logDropped(server, deps.log);
  return server;
}

/** @returns the base URL. @throws Error with `code` `EADDRINUSE` and the like */
export function listen(
  server: HttpServer,
  where: { readonly host: string; readonly port: number },
): Promise<string> {
  const scheme = server instanceof TlsServer ? "https" : "http";
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: where.host, port: where.port }, () => {
      server.off("error", reject);
      const { address, port, family } = server.address() as AddressInfo; // a TCP server has no other kind
      resolve(`${scheme}://${family === "IPv6" ? `[${address}]` : address}:${port}`);
    });
  });
}

function limitsOf({ receiveTimeoutMs }: HttpServerOptions) {
  return {
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: Math.min(HEADERS_MS, receiveTimeoutMs),
    requestTimeout: receiveTimeoutMs,
    connectionsCheckingInterval: Math.min(HEADERS_MS, receiveTimeoutMs) / 4,
    keepAlive: true,
    keepAliveInitialDelay: PROBE_AFTER_MS,
    requireHostHeader: false, // we say so ourselves
  };
}

function hasOneHost({ httpVersion, headersDistinct }: IncomingMessage): boolean {
  const { length } = headersDistinct.host ?? [];
  return length === 1 || (length === 0 && httpVersion !== "1.1");
}

/** Too many connections, or files: an answer would need one, so they are closed, and the operator is told. */
function logDropped(server: HttpServer, log: Logger): void {
  const onDrop = seldom(() =>
    log.warn(
      { connections: server.maxConnections },
      "connections are being refused: there are --max-connections of them",
    ),
  );
  server.on("drop", onDrop);
  const onFailure = seldom(({ code }: NodeJS.ErrnoException) =>
    log.error({ code }, "connections cannot be accepted; with EMFILE, raise the limit `ulimit -n`"),
  );
  server.on("error", (failure: NodeJS.ErrnoException) => {
    if (server.listening) onFailure(failure); // before that, listen() fails with it
  });
}

function seldom<Args extends readonly unknown[]>(
  act: (...args: Args) => void,
): (...args: Args) => void {
  let actedAtMs = Number.NEGATIVE_INFINITY;
  return (...args) => {
    if (performance.now() - actedAtMs < LOG_EVERY_MS) return;
    actedAtMs = performance.now();
    act(...args);
  };
}

/** Where Express is not asked or knows no way; also when an error came after the answer had begun. */
function refuse(res: ServerResponse, message: string): void {
  if (res.headersSent) return void res.destroy();
  const error = new ServiceError("bad_request", message);
  const body = bodyOf(error);
  res.statusCode = error.traits.status;
  const headers = { ...headersOf(randomUUID()), "content-length": Buffer.byteLength(body) };
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  res.end(body);
}

function answerUnreadable(server: HttpServer, { log, metrics, connections, report }: Deps): void {
  const answer = (failure: NodeJS.ErrnoException, socket: Socket) => {
    const res = connections.latest(socket);
    if (failure.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
    const error = errorOf(failure);
    if (res && isBeingRead(res, socket)) return endRequest(res, error);
    // Bytes of our own must not get in between, or before, those of an answer that is on its way; nor after it, for the
    // same request.
    if (res && !(res.writableFinished && res.req.complete)) return void socket.destroy();
    // That answer was the last on this connection: what came after it is nobody's request.
    if (res?.getHeader("connection") === "close") return void socket.end(() => socket.destroy());
    const requestId = randomUUID();
    if (failure.code !== TIMEOUT) {
      // A browser opens connections that it may never need: those are no requests.
      metrics.requestEnded(error.code, null);
      log.info({ requestId, outcome: error.code }, "request");
    }
    socket.end(bytesOf(error, requestId), () => socket.destroy());
  };
  const onClientError = guarded(answer, (error, _failure, socket) => {
    report(error);
    socket.destroy();
  });
  server.on("clientError", onClientError);
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
      return new ServiceError(
        "receive_timeout",
        "the request did not come in time (--receive-timeout)",
      );
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
    ...NO_SNIFF,
    "content-type": "application/json; charset=utf-8",
    "x-request-id": requestId,
    "request-id": requestId,
    connection: "close",
  };
}

function bodyOf(error: ServiceError): string {
  return JSON.stringify(encodeOpenaiError(error));
}
