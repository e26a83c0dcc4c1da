// Requests for another protocol that arrive behind other requests on the same connection: all are answered, in order, and no
// order harms the server. Over HTTP and over TLS.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect as connectTls } from "node:tls";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Connections } from "../../../src/http/server/connections.ts";
import { makeCertificate } from "../../support/clients/certificate.ts";
import { chat } from "../../support/clients/sse-client.ts";
import { metric, type RunningService, startWithFake, until } from "../../support/start-service.ts";

const folder = mkdtempSync(path.join(tmpdir(), "sluice-upgrades-"));
afterAll(() => rmSync(folder, { recursive: true }));
const certificate = makeCertificate(folder, "ours");

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

function open(url: string) {
  const { hostname: host, port, protocol } = new URL(url);
  const place = { host, port: Number(port) };
  const socket =
    protocol === "https:" ? connectTls({ ...place, rejectUnauthorized: false }) : connect(place);
  sockets.push(socket);
  const seen = { text: "", isClosed: false };
  socket.on("data", (bytes) => (seen.text += bytes.toString("latin1")));
  socket.on("close", () => (seen.isClosed = true));
  socket.on("error", () => {}); // a refusal may be a reset
  return { socket, seen, statuses: () => statusesOf(seen.text) };
}

function statusesOf(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}

const head = (line: string, ...headers: string[]) =>
  `${[`${line} HTTP/1.1`, "host: localhost", ...headers].join("\r\n")}\r\n\r\n`;
const withBody = (line: string, body: string, ...headers: string[]) =>
  head(line, "content-type: application/json", `content-length: ${body.length}`, ...headers) + body;
const CHAT = "POST /v1/chat/completions";
const body = (more: object = {}) => JSON.stringify(chat({ max_tokens: 5, ...more }));
const H2C = ["connection: upgrade, http2-settings", "upgrade: h2c", "http2-settings: AAMAAABk"];
const WS = ["connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13"];
const WS_KEY = "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==";
/** A masked text frame, with a mask of zeros. */
const frame = (text: string) => String.fromCharCode(0x81, 0x80 | text.length, 0, 0, 0, 0) + text;

const BEFORE: Readonly<Record<string, readonly [string, ...number[]]>> = {
  nothing: [""],
  "a page": [head("GET /docs"), 200],
  "many requests": [head("GET /docs").repeat(12), ...Array.from({ length: 12 }, () => 200)],
  "a HEAD": [head("HEAD /docs"), 200],
  "a body": [withBody(CHAT, body()), 200],
  "a streaming answer": [withBody(CHAT, body({ stream: true })), 200],
  "a body in chunks": [
    `${head(CHAT, "content-type: application/json", "transfer-encoding: chunked")}2\r\n{}\r\n0\r\n\r\n`,
    400,
  ],
  "a refused body": [withBody(CHAT, "{}"), 400],
  "an unknown path": [head("GET /nothing"), 404],
  "an expectation": [withBody(CHAT, body(), "expect: 200-ok"), 200],
  "an offer of HTTP/2": [head("GET /docs", ...H2C), 200],
  "offers of HTTP/2 with bodies": [withBody(CHAT, body(), ...H2C).repeat(3), 200, 200, 200],
  "a WebSocket elsewhere": [head("GET /health", ...WS, WS_KEY), 200],
};

const UPGRADES: Readonly<Record<string, readonly [string, number, string]>> = {
  "a WebSocket": [
    head("GET /v1/ws", ...WS, WS_KEY) + frame('{"type":"ping"}'),
    101,
    '{"type":"pong"}',
  ],
  "a WebSocket without a key of its own": [head("GET /v1/ws", ...WS), 400, "Sec-WebSocket-Key"],
  "a WebSocket by HEAD": [head("HEAD /v1/ws", ...WS, WS_KEY), 405, ""],
  "a WebSocket by POST": [head("POST /v1/ws", ...WS, WS_KEY), 405, "GET"],
  "a WebSocket at another path": [head("GET /health", ...WS, WS_KEY), 200, "ok"],
  "an offer of HTTP/2": [head("GET /health", ...H2C), 200, "ok"],
  "an offer of HTTP/2 with a body": [withBody(CHAT, body(), ...H2C), 200, "chat.completion"],
  "an unknown protocol": [
    head("GET /health", "connection: upgrade", "upgrade: spdy/3, h2c"),
    200,
    "ok",
  ],
};

describe.each(["http", "https"])("over %s", (scheme) => {
  const tls = scheme === "https" && certificate;
  const settings = tls ? { tlsCert: tls.cert, tlsKey: tls.key } : {};
  let running: RunningService;
  beforeAll(async () => {
    running = await startWithFake({ tokens: 5, tokenMs: 1 }, settings);
  });
  afterAll(async () => running.close());

  describe.skipIf(scheme === "https" && !certificate)("an upgrade", () => {
    const pairs = Object.entries(UPGRADES).flatMap(([upgrade, second]) =>
      Object.entries(BEFORE).map(([before, first]) => ({ upgrade, before, first, second })),
    );
    test.each(pairs)("$upgrade behind $before is answered after it", async (pair) => {
      const [first, ...statuses] = pair.first;
      const [second, status, text] = pair.second;
      const client = open(running.url);

      client.socket.write(Buffer.from(first + second, "latin1"));

      const wanted = [...statuses, status];
      const last = () => client.seen.text.slice(client.seen.text.lastIndexOf("HTTP/1.1 "));
      await until(
        () => client.statuses().length >= wanted.length && last().includes(text),
        `${wanted} and ${text}, not ${client.statuses()}`,
      );
      expect(client.statuses()).toEqual(wanted);
      if (status === 101) {
        client.socket.write(Buffer.from(frame('{"type":"ping"}'), "latin1"));
        await until(() => client.seen.text.split("pong").length === 3, "it goes on");
      } else if (!/without a key|by/.test(pair.upgrade)) {
        client.socket.write(head("GET /health"));
        await until(() => client.statuses().length === wanted.length + 1, "it goes on");
      }
    });
  });
});

describe("an upgrade behind a long answer", () => {
  let running: Awaited<ReturnType<typeof startWithFake>>;
  afterEach(async () => running.close());
  const start = async (...given: Parameters<typeof startWithFake>) => {
    running = await startWithFake(...given);
    return open(running.url);
  };
  const upgrade = head("GET /v1/ws", ...WS, WS_KEY) + frame('{"type":"ping"}');
  const isServed = async () => {
    expect(await (await fetch(`${running.url}/health`)).json()).toEqual({ status: "ok" });
    expect(await metric(running.url, "sluice_uncaught_total")).toBe(0);
  };

  test("waits for it, and the two do not mix", async () => {
    const client = await start({ tokens: 40, tokenMs: 2, texts: ["word "] });
    client.socket.write(withBody(CHAT, body({ stream: true, max_tokens: 100 })));
    await until(() => client.seen.text.includes("word"), "it streams");
    client.socket.write(Buffer.from(upgrade, "latin1"));
    await until(() => client.seen.text.includes("pong"), "the WebSocket is there");

    const [stream = "", socket] = client.seen.text.split("HTTP/1.1 101");
    expect(stream.match(/word/g)).toHaveLength(40);
    expect(stream).toContain("[DONE]");
    expect(socket).toContain('{"type":"pong"}');
    await isServed();
  });

  test("waits while the client does not read the answer, and messages sent meanwhile are not lost", async () => {
    const client = await start(
      { tokens: 250, texts: ["word ".repeat(4_000)] },
      { streamBuffer: 65_536 },
    );
    client.socket.pause();
    client.socket.write(withBody(CHAT, body({ stream: true, max_tokens: 4_000 })));
    await until(() => running.engine.running === 1, "it runs");
    client.socket.write(Buffer.from(upgrade + frame('{"type":"ping"}').repeat(20), "latin1"));
    await until(() => running.engine.tokensComputed > 50, "its client is behind");
    client.socket.resume();

    await until(() => client.seen.text.split("pong").length > 21, "all pings are answered");
    const [stream = ""] = client.seen.text.split("HTTP/1.1 101");
    expect(stream.match(/word/g)).toHaveLength(250 * 4_000);
    await isServed();
  });

  test.each(["destroy", "resetAndDestroy", "end"] as const)(
    "is forgotten when its client disconnects by %s",
    async (leave) => {
      const client = await start({ tokens: Number.POSITIVE_INFINITY, tokenMs: 2 });
      client.socket.write(withBody(CHAT, body({ stream: true, max_tokens: 4_000 })));
      await until(() => running.engine.running === 1, "it runs");
      client.socket.write(Buffer.from(upgrade, "latin1"));
      client.socket[leave]();

      await until(() => running.service.queue.inside === 0, "it is stopped");
      await isServed();
    },
  );

  test("does not keep a closing server alive", async () => {
    const client = await start({ tokens: Number.POSITIVE_INFINITY, texts: ["word ".repeat(400)] });
    client.socket.pause();
    client.socket.write(withBody(CHAT, body({ stream: true, max_tokens: 4_000 })));
    await until(() => running.engine.running === 1, "it runs");
    client.socket.write(Buffer.from(upgrade, "latin1"));
    await until(() => running.engine.tokensComputed > 50, "its client is behind");

    await running.close();
  });
});

test("an upgrade to a WebSocket is refused while the server closes", async () => {
  const running = await startWithFake({}, {});
  const client = open(running.url);
  client.socket.write(head("GET /health"));
  await until(() => client.statuses().length === 1, "it is connected");

  const closed = running.close();
  client.socket.write(head("GET /v1/ws", ...WS, WS_KEY));
  await closed;

  await until(() => client.seen.isClosed, "it is closed");
  expect(client.statuses()).not.toContain(101);
});

test("an upgraded connection loses the timeout of an idle connection", async () => {
  const log = pino({ level: "silent" });
  const connections = new Connections({ stallTimeoutMs: 60_000, maxConnections: 10, log });
  const server = createServer((_req, res) => {
    connections.begin(res);
    res.end("ok");
  });
  connections.follow(server);
  const turn = new Promise<Socket>((resolve) => {
    server.on("upgrade", (_req, stream, rest) => {
      const socket = stream as Socket;
      connections.whenAnswered({ socket, head: rest }, () => resolve(socket));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  open(`http://127.0.0.1:${port}`).socket.write(head("GET /") + head("GET /", ...H2C));

  expect((await turn).timeout).toBeFalsy();
  connections.destroyAll();
  connections.close();
  await new Promise((resolve) => server.close(resolve));
});
