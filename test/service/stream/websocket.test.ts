// Requests over a WebSocket: the same as over HTTP, several at once on one socket, with limits.

import { execFile } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import WebSocket from "ws";
import {
  type Heard,
  openSocket,
  type SocketClient,
  textOf,
} from "../../support/clients/socket-client.ts";
import { chat } from "../../support/clients/sse-client.ts";
import { newKeysFile } from "../../support/keys.ts";
import { type RunningService, startWithFake, until } from "../../support/start-service.ts";

const CHAT = "/v1/chat/completions";
const endless = { tokens: Number.POSITIVE_INFINITY, tokenMs: 1, texts: ["word "] };

let running: RunningService;
const clients: SocketClient[] = [];
afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.terminate();
  await running.close();
});

async function start(...given: Parameters<typeof startWithFake>) {
  const started = await startWithFake(...given);
  running = started;
  return started;
}

async function connect(headers: Record<string, string> = {}): Promise<SocketClient> {
  const client = await openSocket(running.url, headers);
  clients.push(client);
  return client;
}

function ask(id: string, body: object = {}, more: object = {}) {
  return { type: "request", id, path: CHAT, body: chat({ max_tokens: 4_000, ...body }), ...more };
}

test("streams several answers at once, each to its own end", async () => {
  await start({ tokens: 20, tokenMs: 1, texts: ["a", "b"] });
  const client = await connect();
  for (const id of ["1", "2", "3"]) client.say(ask(id, { stream: true }));

  const answers = await Promise.all(["1", "2", "3"].map(client.answer));

  for (const messages of answers) {
    expect(messages[0]).toMatchObject({ type: "started", stream: null });
    expect(textOf(messages)).toBe(`a${"b".repeat(19)}`);
    expect(messages.at(-2)).toMatchObject({ type: "event", data: "[DONE]" });
    expect(messages.at(-1)).toEqual({ type: "end", id: messages[0]?.id, reason: "done" });
  }
});

test("delivers bodies, and refusals in the dialect's own envelope", async () => {
  await start({ tokens: 2 });
  const client = await connect();
  client.say(ask("body"));
  client.say(ask("wrong", { temperature: 9 }));
  client.say({ type: "request", id: "list", method: "GET", path: "/v1/models" });
  client.say({ type: "request", id: "other", path: "/v1/messages", body: { max_tokens: -1 } });

  const [body] = await client.answer("body");
  expect(body).toMatchObject({
    type: "response",
    status: 200,
    body: { object: "chat.completion" },
  });
  const [wrong] = await client.answer("wrong");
  expect(wrong).toMatchObject({ status: 400, body: { error: { param: "temperature" } } });
  const [list] = await client.answer("list");
  expect(list).toMatchObject({ status: 200, body: { object: "list" } });
  const [other] = await client.answer("other");
  expect(other).toMatchObject({ status: 400, body: { type: "error" } });
});

test("sends the position of a waiting request", async () => {
  await start(endless, { slots: 1 });
  const client = await connect();
  client.say(ask("first", { stream: true }));
  await client.hears(({ type, id }) => type === "event" && id === "first");
  client.say(ask("second", { stream: true }));

  const status = await client.hears(({ type, id }) => type === "status" && id === "second");

  expect(status).toMatchObject({ state: "queued", position: 1 });
});

test("a cancelled request stops at once, also one that survives its connection", async () => {
  const { engine, service } = await start(endless);
  const client = await connect();
  client.say(ask("plain", { stream: true }));
  client.say(ask("kept", { stream: true }, { headers: { "x-resumable": true } }));
  await client.hears(({ type, id }) => type === "event" && id === "plain");
  await client.hears(({ type, id }) => type === "event" && id === "kept");
  expect(engine.running).toBe(2);

  for (const id of ["plain", "kept"]) client.say({ type: "cancel", id });
  const ends = await Promise.all(["plain", "kept"].map(client.answer));

  expect(ends.map((messages) => messages.at(-1)?.reason)).toEqual(["cancelled", "cancelled"]);
  await until(() => service.queue.inside === 0, "both are gone");
});

test.each(["close", "terminate"] as const)("a socket that does %s stops its work", async (way) => {
  const { engine, service } = await start(endless, { slots: 2 });
  const client = await connect();
  for (const id of ["1", "2", "3"]) client.say(ask(id, { stream: true }));
  await until(() => engine.running === 2 && service.queue.waiting === 1, "two run, one waits");

  client.socket[way]();

  await until(() => service.queue.inside === 0, "all are gone");
});

test("a client resumes a stream over another socket, with the missed events", async () => {
  await start({ tokens: 200, tokenMs: 2, texts: ["x"] });
  const first = await connect();
  first.say(ask("a", { stream: true }, { headers: { "x-resumable": "true" } }));
  const started = await first.hears(({ type }) => type === "started");
  await first.hears(({ event_id }) => event_id === "20");
  first.socket.terminate();
  const last = first.heard.at(-1)?.event_id;

  const second = await connect();
  second.say({ type: "resume", id: "b", stream: started.stream, last_event_id: last });

  const rest = await second.answer("b");
  expect(textOf([...first.heard, ...rest])).toBe("x".repeat(200));
});

test("the requests of a client that reads nothing are parked, and the server's memory does not grow", async () => {
  const { engine } = await start(
    { tokens: Number.POSITIVE_INFINITY, texts: ["word ".repeat(2_000)] },
    { stallTimeoutMs: 60_000, streamBuffer: 65_536 },
  );
  const deaf = await connect();
  deaf.socket.pause();
  deaf.say(ask("1", { stream: true, max_tokens: 4_000 }));
  let computed = -1;
  await until(async () => {
    const before = computed;
    await new Promise((resolve) => setTimeout(resolve, 200));
    computed = engine.tokensComputed;
    return before > 0 && before === computed;
  }, "it is parked");

  expect(computed).toBeLessThan(4_000);
  const other = await connect();
  other.say(ask("2", { max_tokens: 3 }));
  expect((await other.answer("2"))[0]).toMatchObject({ status: 200 });
});

describe("with keys", () => {
  const settings = { apiKey: ["right"] };

  test("accepts a key in the header, or in the first message", async () => {
    await start({ tokens: 2 }, settings);
    const byHeader = await connect({ authorization: "Bearer right" });
    byHeader.say(ask("1"));
    expect((await byHeader.answer("1"))[0]).toMatchObject({ status: 200 });

    const byMessage = await connect();
    byMessage.say({ type: "ping" });
    await byMessage.hears(({ type }) => type === "pong");
    byMessage.say({ type: "auth", key: "right" });
    await byMessage.hears(({ type }) => type === "authenticated");
    byMessage.say(ask("2"));
    expect((await byMessage.answer("2"))[0]).toMatchObject({ status: 200 });
  });

  test("refuses a wrong key: in the header before the upgrade, in a message by closing", async () => {
    await start({}, settings);
    expect(await refusal({ headers: { authorization: "Bearer wrong" } })).toBe(401);

    const client = await connect();
    const closed = once(client.socket, "close");
    client.say({ type: "auth", key: "wrong" });
    expect((await closed)[0]).toBe(4401);
  });

  test("accepts a message right after the key, even a large one", async () => {
    await start({ tokens: 2 }, settings);
    const client = await connect();
    client.say({ type: "auth", key: "right" });
    client.say(ask("1", { messages: [{ role: "user", content: "x".repeat(5_000) }] }));

    expect((await client.answer("1"))[0]).toMatchObject({ status: 200 });
  });

  test.each<[string, readonly (string | Buffer)[]]>([
    ["a request", [JSON.stringify(ask("1"))]],
    ["what is no JSON", ["{"]],
    ["what is no text", [Buffer.of(1)]],
    ["a large key", [JSON.stringify({ type: "auth", key: "x".repeat(3_000) })]],
    ["many pings", Array.from({ length: 200 }, () => '{"type":"ping"}')],
  ])("%s before the key closes the socket", async (_what, messages) => {
    await start({}, settings);
    const client = await connect();
    const closed = once(client.socket, "close");

    for (const message of messages) client.socket.send(message);

    expect((await closed)[0]).toBe(4401);
    expect(client.heard.at(-1)).toMatchObject({
      type: "error",
      error: { code: "invalid_api_key" },
    });
  });

  test("reads no part of a large message before the key", async () => {
    await start({}, settings);
    const client = await connect();
    const raw = rawOf(client.socket);
    const closed = once(client.socket, "close");
    raw.write(largeHead(1_000_000));
    raw.write(Buffer.alloc(999_999));

    expect((await closed)[0]).toBe(4401);
    expect(raw.bytesRead).toBeLessThan(1_000);
  });

  test("closes the sockets of a revoked key, and no others", async () => {
    const keys = newKeysFile();
    const [bad, good] = [keys.add("bad"), keys.add("good")];
    await start(endless, { keysFile: keys.path });
    const [first, second, third] = await Promise.all([connect(bad), connect(), connect(good)]);
    second.say({ type: "auth", key: bad.authorization.replace("Bearer ", "") });
    await second.hears(({ type }) => type === "authenticated");
    first.say(ask("1", { stream: true }));
    await first.hears(({ type }) => type === "event");
    const closed = Promise.all([first, second].map(({ socket }) => once(socket, "close")));

    keys.revoke("bad");

    expect((await closed).map(([code]) => code)).toEqual([4401, 4401]);
    await until(() => running.service.queue.inside === 0, "its request is stopped");
    third.say({ type: "ping" });
    await third.hears(({ type }) => type === "pong");
  });
});

/** The TCP socket below the WebSocket. */
function rawOf(socket: WebSocket): Socket {
  return (socket as unknown as { readonly _socket: Socket })._socket; // ws has no public property for it
}

/** A masked text frame, with a mask of zeros. */
function frameOf(text: string): Buffer {
  return Buffer.concat([Buffer.of(0x81, 0x80 | text.length, 0, 0, 0, 0), Buffer.from(text)]);
}

/** The head of a frame with this many bytes. */
function largeHead(bytes: number): Buffer {
  const head = Buffer.alloc(14);
  head.set([0x81, 0xff]);
  head.writeUInt32BE(bytes, 6);
  return head;
}

/** The HTTP status of a refused connection. */
async function refusal(options: WebSocket.ClientOptions, path = "/v1/ws"): Promise<number> {
  const socket = new WebSocket(running.url.replace("http", "ws") + path, options);
  socket.on("error", () => {}); // the client reports the refusal also as an error
  const [, response] = await once(socket, "unexpected-response");
  socket.terminate();
  return (response as { statusCode: number }).statusCode;
}

test("other origins, unknown host names, other paths and plain requests are refused as over HTTP", async () => {
  await start();

  expect(await refusal({ origin: "https://evil.example" })).toBe(403);
  expect(await refusal({ headers: { host: "evil.example" } })).toBe(403);
  expect(await refusal({}, "/v1/nothing")).toBe(404);
  expect((await fetch(`${running.url}/v1/ws`)).status).toBe(426);
  expect((await fetch(`${running.url}/v1/ws`, { method: "POST" })).status).toBe(405);
});

function codeOf(message: Heard | undefined): string | undefined {
  return (message?.error as { code: string } | undefined)?.code;
}

test("invalid messages get an error, and have no other effect", async () => {
  await start({ tokens: 2 }, { socketRequests: 2 });
  const client = await connect();
  const wrong = async (message: string | Buffer) => {
    const before = client.heard.length;
    client.socket.send(message);
    await until(() => client.heard.length > before, "it is answered");
    return codeOf(client.heard.at(-1));
  };

  expect(await wrong("no json")).toBe("invalid_json");
  expect(await wrong('{"type":"dance"}')).toBe("invalid_value");
  expect(await wrong('{"type":"request","id":"1","path":"no path"}')).toBe("invalid_value");
  expect(
    await wrong('{"type":"request","id":"1","path":"/v1/models","headers":{"host":"x"}}'),
  ).toBe("invalid_value");
  expect(
    await wrong(
      '{"type":"request","id":"1","path":"/v1/models","headers":{"x-request-id":"a\\nb"}}',
    ),
  ).toBe("invalid_value");
  expect(await wrong(Buffer.from([1, 2]))).toBe("invalid_value");
  client.say({ type: "cancel", id: "nobody" });
  client.say(ask("fine"));
  expect((await client.answer("fine"))[0]).toMatchObject({ status: 200 });
});

test("limits the number of open requests and the size of a message", async () => {
  await start(endless, { socketRequests: 2, bodyLimit: 10_000 });
  const client = await connect();
  for (const id of ["1", "2"]) client.say(ask(id, { stream: true }));
  await client.hears(({ type, id }) => type === "event" && id === "2");
  client.say(ask("3", { stream: true }));
  const refused = await client.hears(({ type }) => type === "error");
  expect(refused).toMatchObject({ id: "3", error: { code: "queue_full" } });
  client.say(ask("2", { stream: true }));
  await client.hears(
    ({ type, error }) => type === "error" && JSON.stringify(error).includes("open"),
  );

  const closed = once(client.socket, "close");
  client.socket.send("x".repeat(10_001));
  expect((await closed)[0]).toBe(1009);
});

test.each<[string, string]>([
  ["errors", "{}"],
  ["pongs", '{"type":"ping"}'],
  ["refused requests", '{"type":"request","id":"1","path":"/x y"}'],
  ["answers", '{"type":"request","id":"1","path":"/nothing","method":"GET"}'],
])(
  "the server stops reading from a client that reads nothing, and then cuts it off: %s",
  async (_what, message) => {
    await start({}, { heartbeatMs: 20, stallTimeoutMs: 500 });
    const deaf = await connect();
    const raw = rawOf(deaf.socket);
    deaf.socket.pause();
    const cut = new Promise((resolve) => raw.once("close", resolve));
    const many = Buffer.concat(Array.from({ length: 4_000 }, () => frameOf(message)));
    let sent = 0;
    const more = () => {
      while (!raw.destroyed && sent < 300_000_000 && raw.write(many)) sent += many.length;
    };
    raw.on("drain", more);
    const talk = setInterval(() => raw.write(frameOf(message)), 10); // keeps sending
    more();

    await cut;
    clearInterval(talk);
    expect(sent).toBeLessThan(50_000_000); // at most the kernel's buffers of both sides
    expect((await fetch(`${running.url}/health`)).status).toBe(200);
  },
);

test("unfinished messages have a time limit and a common size limit", async () => {
  const limits = { bodyLimit: 10_000, bodyMemory: 400_000, receiveTimeoutMs: 3_000 };
  await start({ tokens: 2 }, limits);
  const idle = await connect();
  const half = async () => {
    const client = await connect();
    const closed = once(client.socket, "close");
    rawOf(client.socket).write(Buffer.concat([largeHead(9_000), Buffer.alloc(8_000)]));
    return closed.then(([code]) => code as number);
  };

  const codes = await Promise.all(Array.from({ length: 75 }, half));

  expect(new Set(codes)).toEqual(new Set([1008, 1013])); // 75 times 8,000 bytes are more than half of the memory
  idle.say(ask("1"));
  expect((await idle.answer("1"))[0]).toMatchObject({ status: 200 });
});

test("a large message announced before the key closes its socket, and takes no memory", async () => {
  await start({}, { apiKey: ["secret"], bodyLimit: 1_000_000 });
  const client = await connect();
  const closed = once(client.socket, "close");

  rawOf(client.socket).write(largeHead(1_000_000));

  expect((await closed)[0]).toBe(4401);
});

test("a client that keeps sending invalid messages is disconnected", async () => {
  await start();
  const client = await connect();
  const closed = once(client.socket, "close");
  for (let count = 0; count < 99; count++) client.socket.send("{}");
  client.say({ type: "request", id: "good", method: "GET", path: "/health" });
  await client.answer("good");
  for (let count = 0; count < 1_000; count++) client.socket.send(count % 2 ? "{}" : "nonsense");

  expect((await closed)[0]).toBe(1008);
  expect(client.heard.filter(({ type }) => type === "error")).toHaveLength(199);
});

test("requests above the limit do not count as invalid messages", async () => {
  await start(endless, { socketRequests: 1 });
  const client = await connect();
  for (let count = 0; count < 300; count++) client.say(ask(`${count}`, { stream: true }));
  client.say({ type: "ping" });
  await client.hears(({ type }) => type === "pong");

  expect(client.heard.filter((message) => codeOf(message) === "queue_full")).toHaveLength(299);
});

test("a client that reads slowly is not cut off by unanswered pings", async () => {
  await start(
    { tokens: 2_000, texts: ["word ".repeat(400)] },
    { heartbeatMs: 20, stallTimeoutMs: 2_000 },
  );
  const slow = await connect();
  slow.say(ask("1", { stream: true }));
  const raw = rawOf(slow.socket);
  raw.on("data", () => {
    raw.pause();
    setTimeout(() => raw.resume(), 5);
  });

  const messages = await slow.answer("1");
  expect(messages.at(-1)).toMatchObject({ type: "end", reason: "done" });
});

test("answers pings of both kinds, and cuts a client that falls silent", async () => {
  await start({}, { heartbeatMs: 20, stallTimeoutMs: 300 });
  const client = await connect();
  client.say({ type: "ping" });
  await client.hears(({ type }) => type === "pong");
  await once(client.socket, "ping");

  const silent = new WebSocket(`${running.url.replace("http", "ws")}/v1/ws`, { autoPong: false });
  const [code] = await once(silent, "close");
  expect(code).toBe(1006);
  expect(client.socket.readyState).toBe(WebSocket.OPEN);
});

test("a server that shuts down closes sockets with code 1001", async () => {
  await start();
  const client = await connect();
  const closed = once(client.socket, "close");

  await running.close();

  expect((await closed)[0]).toBe(1001);
});

test("clients that offer HTTP/2 with every request are served over HTTP/1.1", async () => {
  await start({ tokens: 3 });
  const { stdout: text } = await promisify(execFile)("curl", [
    ...["-s", "--http2", `${running.url}${CHAT}`, "-H", "content-type: application/json"],
    ...["-d", JSON.stringify(chat({ max_tokens: 3 }))],
  ]);

  expect(JSON.parse(text)).toMatchObject({ object: "chat.completion" });
});
