// Errors in callbacks that Node calls outside of every request: of the server, the parser, an upgrade, a WebSocket's messages
// and timers, a stream. Each ends at most one connection, and is reported.

import { EventEmitter, once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import express, { type Express, type Response } from "express";
import { pino } from "pino";
import { afterEach, expect, test, vi } from "vitest";
import WebSocket from "ws";
import type { ServiceError } from "../../../src/errors.ts";
import { BodyMemory } from "../../../src/http/server/body-memory.ts";
import { Connections } from "../../../src/http/server/connections.ts";
import { createHttpServer } from "../../../src/http/server/http-server.ts";
import { FrameStream } from "../../../src/http/stream/frame-stream.ts";
import { framingIn, SSE } from "../../../src/http/stream/framing.ts";
import {
  SocketSession,
  type SocketSessionOptions,
} from "../../../src/http/websocket/socket-session.ts";
import { WebSockets, type WebSocketsOptions } from "../../../src/http/websocket/websocket.ts";
import { Journal } from "../../../src/journal/journal.ts";
import { ANONYMOUS } from "../../../src/keys/caller.ts";
import { until } from "../../support/start-service.ts";

const FAULT = new Error("a fault");
const broken = (): never => {
  throw FAULT;
};
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

type Parts = {
  readonly app?: (req: IncomingMessage, res: ServerResponse) => void;
  readonly journal?: Journal;
  readonly keys?: WebSocketsOptions["keys"];
};

const OPEN = { isOpen: true, authenticate: () => ANONYMOUS, onChange: () => {} };

/** A server with one path, and one part of it broken. */
async function serve({ app, journal = new Journal([]), keys = OPEN }: Parts = {}) {
  const report = vi.fn<(error: unknown) => void>();
  const lines: string[] = [];
  const log = pino({}, { write: (line) => void lines.push(line) });
  const connections = new Connections({ stallTimeoutMs: 10_000, maxConnections: 100, log });
  const webSockets = new WebSockets({
    ...{ keys, report, bodyLimitBytes: 10_000, socketRequests: 2 },
    ...{ heartbeatMs: 10_000, stallTimeoutMs: 10_000, receiveTimeoutMs: 10_000 },
    bodyMemory: new BodyMemory(1_000_000),
  });
  const plain = express();
  webSockets.mount(plain);
  plain.get("/fine", (_req, res) => void res.send("fine"));
  const served = ((req: IncomingMessage, res: ServerResponse) => {
    if (app && req.url !== "/fine") return app(req, res);
    plain(req as never, res as never);
  }) as Express;
  const server = createHttpServer(
    served,
    { log, journal, connections, report },
    { tls: null, receiveTimeoutMs: 10_000 },
  );
  webSockets.attach(server, connections);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => {
    connections.destroyAll();
    connections.close();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const isServing = async () =>
    expect(await (await fetch(`http://127.0.0.1:${port}/fine`)).text()).toBe("fine");
  return { server, port, report, lines, isServing };
}

/** Resolves when the server has closed the connection. */
async function send(port: number, text: string): Promise<void> {
  const socket = connect({ host: "127.0.0.1", port });
  socket.on("error", () => {}); // it may be reset
  socket.resume();
  socket.write(text);
  await once(socket, "close");
}

const head = (line: string, ...lines: string[]) =>
  `${[`${line} HTTP/1.1`, "host: localhost", ...lines].join("\r\n")}\r\n\r\n`;

test.each([
  ["a request", head("GET /")],
  ["a request that waits to send its body", head("POST /", "expect: 100-continue")],
  ["an unknown expectation", head("POST /", "expect: nothing")],
  ["an offer of HTTP/2", head("GET /", "connection: upgrade", "upgrade: h2c")],
  ["one behind another", head("GET /fine") + head("GET /")],
])("an error in the server's callback for %s", async (_what, text) => {
  const { port, report, isServing } = await serve({ app: broken });

  await send(port, text);

  expect(report).toHaveBeenCalledExactlyOnceWith(FAULT);
  await isServing();
});

test("an error in the parser's callback for bytes that are not HTTP", async () => {
  const { port, report, isServing } = await serve({ journal: new Journal([broken]) });

  await send(port, "nonsense\r\n\r\n");

  expect(report).toHaveBeenCalledExactlyOnceWith(FAULT);
  await isServing();
});

test("an error in an upgrade, between its answer and its session", async () => {
  let asked = 0;
  const keys = { ...OPEN, isOpen: true };
  Object.defineProperty(keys, "isOpen", { get: () => (asked++ === 0 ? true : broken()) });
  const { port, report, isServing } = await serve({ keys });
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/ws`, {
    headers: { authorization: "Bearer any" },
  });

  await once(socket, "close");

  expect(report).toHaveBeenCalledExactlyOnceWith(FAULT);
  await isServing();
});

test("an error when the server cannot accept a connection is logged once", async () => {
  const { server, lines, isServing } = await serve();
  for (let count = 0; count < 5; count++)
    server.emit("error", Object.assign(new Error("accept EMFILE"), { code: "EMFILE" }));

  expect(lines.filter((line) => line.includes("EMFILE"))).toHaveLength(1);
  await isServing();
});

test("an error in a WebSocket's message callback", async () => {
  const keys = { ...OPEN, isOpen: false, authenticate: broken };
  const { port, report, isServing } = await serve({ keys });
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/ws`);
  await once(socket, "open");

  socket.send('{"type":"auth","key":"any"}');
  await once(socket, "close");

  expect(report).toHaveBeenCalledExactlyOnceWith(FAULT);
  await isServing();
});

test("a client that requests more answers than it reads is cut off", async () => {
  const { port, isServing } = await serve({ app: () => {} });
  const socket = connect(port, "127.0.0.1");
  const closed = once(socket, "close");

  socket.write(head("GET /").repeat(33));
  await closed;

  await isServing();
});

/** The parts of a socket that a session uses. */
class StubSocket extends EventEmitter {
  readonly OPEN = 1;
  readonly readyState = 1;
  readonly bufferedAmount = 0;
  readonly isPaused = false;
  readonly terminate = vi.fn<() => void>();
  readonly close = vi.fn<() => void>();
  readonly pause = vi.fn<() => void>();
  readonly resume = vi.fn<() => void>();
  ping = vi.fn<() => void>();
  send = vi.fn<() => void>();
}

function session(change: Partial<SocketSessionOptions> = {}) {
  const socket = new StubSocket();
  const report = vi.fn<(error: unknown) => void>();
  const options: SocketSessionOptions = {
    socket: socket as never,
    ...{ key: "any", keys: { isOpen: false, authenticate: () => ANONYMOUS }, host: "localhost" },
    open: () => ({ ended: Promise.resolve("done"), location: null, abort: () => {} }),
    isReceiving: () => false,
    ...{ socketRequests: 2, heartbeatMs: 5, stallTimeoutMs: 60_000, report },
    ...change,
  };
  const made = new SocketSession(options);
  ends.push(async () => socket.emit("close"));
  return { socket, report, session: made };
}

test("an error in a WebSocket's timer", async () => {
  const { socket, report } = session();
  socket.ping = vi.fn(broken);

  await until(() => socket.terminate.mock.calls.length > 0, "it is cut off");

  expect(report).toHaveBeenCalledWith(FAULT);
});

test("an error when sending over a WebSocket, at once and when a request ends", async () => {
  const { socket, report } = session({ heartbeatMs: 60_000 });
  socket.send = vi.fn(broken);

  socket.emit("message", '{"type":"ping"}', false);
  await until(() => socket.terminate.mock.calls.length === 1, "it is cut off");
  socket.emit("message", '{"type":"request","id":"1","path":"/"}', false);
  await until(() => socket.terminate.mock.calls.length === 2, "it is cut off again");

  expect(report.mock.calls).toEqual([[FAULT], [FAULT]]);
});

test("an error in a stream's timer ends the stream, and its request gets the error", async () => {
  const res = { writeHead: () => {}, write: () => true, destroy: vi.fn<() => void>() };
  const abort = vi.fn<(error: ServiceError) => void>();
  let asked = 0;
  const stream = new FrameStream({
    ...{ res: res as unknown as Response, framing: framingIn(SSE, {}), abort },
    ...{ heartbeatMs: 10, stallTimeoutMs: 1_000, signal: new AbortController().signal },
    socketWatch: { watch: () => () => {} },
    waitStatus: () => (asked++ === 0 ? null : broken()),
  });

  stream.openWithin(1);

  await until(() => res.destroy.mock.calls.length > 0, "it is cut off");
  expect(abort).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ code: "internal_error", cause: FAULT }),
  );
  expect(stream.isOpen).toBe(false);
});
