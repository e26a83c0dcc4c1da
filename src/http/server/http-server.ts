// One HTTP server around the app. Requests that never reach Express (invalid HTTP, targets without a path) get the same error
// envelope and request id as all others, if the connection can still be written to.

import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import type { Express, Request, Response } from "express";
import type { Logger } from "pino";
import { encodeOpenaiError } from "../../api/openai/encoder.ts";
import { guarded, ServiceError } from "../../errors.ts";
import type { Journal } from "../../journal/journal.ts";
import type { Connections, HttpServer } from "./connections.ts";
import { sendError } from "./middleware.ts";
import { onceAMinute } from "./once-a-minute.ts";
import { NO_SNIFF } from "./security-headers.ts";

/** Longer than client pools reuse an idle connection (a minute or more): otherwise requests race with the close. */
const KEEP_ALIVE_MS = 75_000;
const HEADERS_MS = 20_000;
const HANDSHAKE_MS = 20_000;
/** TCP keep-alive probes start after this idle time; the kernel drops a dead peer some 10 s later. */
const PROBE_AFTER_MS = 10_000;

export type HttpServerDeps = {
  readonly log: Logger;
  readonly journal: Pick<Journal, "ended">;
  readonly connections: Connections;
  /** Called with errors that no request has caught. */
  readonly report: (error: unknown) => void;
};

export type HttpServerOptions = {
  /** Null for plain HTTP. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  /** Limit for receiving a complete request. */
  readonly receiveTimeoutMs: number;
};

/** Node's error code for headers or a body that do not arrive in time. */
const TIMEOUT = "ERR_HTTP_REQUEST_TIMEOUT";

export function createHttpServer(
  app: Express,
  deps: HttpServerDeps,
  options: HttpServerOptions,
): HttpServer {
  const { connections, report } = deps;
  // The casts are safe: Express gives both objects its own prototypes.
  const serve = (req: IncomingMessage, res: ServerResponse) => {
    if (!connections.begin(res)) return void req.socket.destroy();
    if (!hasOneHost(req)) return refuse(res, "a request must have exactly one Host header");
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
  server.on("checkExpectation", handle); // unknown expectations are ignored
  server.on("checkContinue", (req, res) => {
    res.setHeader("connection", "close"); // after a refusal the client may or may not send the body
    handle(req, res);
  });
  connections.follow(server);
  answerUnreadable(server, deps);
  logFailures(server, deps.log);
  return server;
}

function limitsOf({ receiveTimeoutMs }: HttpServerOptions) {
  return {
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: Math.min(HEADERS_MS, receiveTimeoutMs),
    requestTimeout: receiveTimeoutMs,
    connectionsCheckingInterval: Math.min(HEADERS_MS, receiveTimeoutMs) / 4,
    keepAlive: true,
    keepAliveInitialDelay: PROBE_AFTER_MS,
    requireHostHeader: false, // checked by hasOneHost()
  };
}

function hasOneHost({ httpVersion, headersDistinct }: IncomingMessage): boolean {
  const { length } = headersDistinct.host ?? [];
  return length === 1 || (length === 0 && httpVersion !== "1.1");
}

/** Without a listener, a connection that cannot be accepted would end the process. */
function logFailures(server: HttpServer, log: Logger): void {
  const onFailure = onceAMinute(({ code }: NodeJS.ErrnoException) =>
    log.error({ code }, "connections cannot be accepted; for EMFILE, raise the limit `ulimit -n`"),
  );
  server.on("error", (failure: NodeJS.ErrnoException) => {
    if (server.listening) onFailure(failure); // before that, listen() rejects with it
  });
}

/** Refuses a request that Express does not get or cannot route. Also called for errors after the headers were sent. */
function refuse(res: ServerResponse, message: string): void {
  if (res.headersSent) return void res.destroy();
  const error = new ServiceError("bad_request", message);
  const { status, headers, body } = answerTo(error, randomUUID());
  res.statusCode = status;
  res.setHeaders(new Map(Object.entries(headers))).end(body); // not writeHead(): answerUnreadable() reads them
}

function answerUnreadable(
  server: HttpServer,
  { journal, connections, report }: HttpServerDeps,
): void {
  const answer = (failure: NodeJS.ErrnoException, socket: Socket) => {
    const res = connections.latest(socket);
    if (failure.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
    const error = errorOf(failure);
    if (res && isBeingRead(res, socket)) {
      res.setHeader("connection", "close");
      // In the envelope of the requested path: the app has had it, so Express has set its prototype.
      return sendError(res as Response, error); // the handler notices the end by the socket
    }
    // An error must not be written into or before an unfinished answer, nor after it for the same request.
    if (res && !(res.writableFinished && res.req.complete)) return void socket.destroy();
    // That answer closes the connection, so the bytes after it are not a request.
    if (res?.getHeader("connection") === "close") return void socket.end(() => socket.destroy());
    const requestId = randomUUID();
    if (failure.code !== TIMEOUT) {
      // A browser opens connections in advance: their timeouts are not requests.
      journal.ended({
        requestId,
        path: null,
        key: null,
        client: socket.remoteAddress ?? null,
        status: error.traits.status,
        outcome: error.code,
        failure: error,
        trace: null,
        work: null,
      });
    }
    socket.end(bytesOf(error, requestId), () => socket.destroy());
  };
  const onClientError = guarded(answer, (error, _failure, socket) => {
    report(error);
    socket.destroy();
  });
  server.on("clientError", onClientError);
}

/** Whether the headers were valid, the body is not, and no earlier answer is in progress. */
function isBeingRead(res: ServerResponse, socket: Socket): boolean {
  return !res.req.complete && !res.headersSent && res.socket === socket;
}

/** https://nodejs.org/api/http.html#event-clienterror */
function errorOf({ code }: NodeJS.ErrnoException): ServiceError {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return new ServiceError("headers_too_large", "the headers are larger than 16 KiB");
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return new ServiceError("body_too_large", "the chunk extensions of the body are too long");
    case TIMEOUT:
      return new ServiceError(
        "receive_timeout",
        "the request did not arrive in time (--receive-timeout)",
      );
    default:
      return new ServiceError("bad_request", "the request is not valid HTTP");
  }
}

function bytesOf(error: ServiceError, requestId: string): string {
  const { status, headers, body } = answerTo(error, requestId);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, "", body].join("\r\n");
}

function answerTo(error: ServiceError, requestId: string) {
  const body = JSON.stringify(encodeOpenaiError(error));
  const headers = {
    ...NO_SNIFF,
    "content-type": "application/json; charset=utf-8",
    "x-request-id": requestId,
    "request-id": requestId,
    connection: "close",
    "content-length": Buffer.byteLength(body),
  };
  return { status: error.traits.status, headers, body };
}
