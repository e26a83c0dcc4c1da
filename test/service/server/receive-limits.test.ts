// Limits on incoming requests: their time, size and number. A client above a limit is disconnected, and others are not affected.

import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { Config } from "../../../src/config/config.ts";
import { chat, post } from "../../support/clients/sse-client.ts";
import { type RunningService, startWithFake, until } from "../../support/start-service.ts";

let running: RunningService;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await running.close();
});

const LIMIT = 65_536;
const start = async (settings: Partial<Config> = {}) => {
  running = await startWithFake({}, { bodyLimit: LIMIT, ...settings });
};

function open() {
  const socket = connect({ host: "127.0.0.1", port: Number(new URL(running.url).port) });
  sockets.push(socket);
  const seen = { text: "", isClosed: false };
  socket.on("data", (bytes) => (seen.text += bytes));
  socket.on("close", () => (seen.isClosed = true));
  socket.on("error", () => {}); // a disconnect may be a reset
  const count = (text: string) => seen.text.split(text).length - 1;
  return { socket, seen, count };
}

const head = (...lines: string[]) =>
  `${["POST /v1/chat/completions HTTP/1.1", "host: localhost", "content-type: application/json", ...lines].join("\r\n")}\r\n\r\n`;

/** Sends a byte at intervals, forever. */
function trickle(socket: Socket, byte: string): () => void {
  const timer = setInterval(() => socket.write(byte), 20);
  return () => clearInterval(timer);
}

describe("a client that sends slowly", () => {
  test.each([
    ["its head", "GET /health HTTP/1.1\r\nx-slow: ", "a"],
    ["its body", head("content-length: 1000"), " "],
    ["its chunks", `${head("transfer-encoding: chunked")}`, "1\r\n \r\n"],
  ])(
    "%s is disconnected when its time is over, even if bytes keep arriving",
    async (_what, begin, byte) => {
      await start({ receiveTimeoutMs: 300 });
      const { socket, seen } = open();
      socket.write(begin);
      const stop = trickle(socket, byte);

      await until(() => seen.isClosed, "it is closed");

      stop();
      expect(seen.text).toContain("HTTP/1.1 408");
      expect(JSON.parse(seen.text.split("\r\n\r\n")[1] ?? "")).toMatchObject({
        error: { code: "receive_timeout", message: expect.stringContaining("--receive-timeout") },
      });
    },
  );

  test("does not affect others, even in hundreds", async () => {
    await start({ receiveTimeoutMs: 60_000 });
    const slow = Array.from({ length: 300 }, () => open());
    for (const { socket } of slow) socket.write(head("content-length: 1000"));

    const { status } = await post(`${running.url}/v1/chat/completions`, chat());

    expect(status).toBe(200);
    expect(slow.filter(({ seen }) => seen.isClosed)).toEqual([]); // none had to be closed to serve the others
  });

  test("is disconnected, even in hundreds", async () => {
    await start({ receiveTimeoutMs: 300 });
    const slow = Array.from({ length: 300 }, () => open());
    for (const { socket } of slow) socket.write(head("content-length: 1000"));

    await until(() => slow.every(({ seen }) => seen.isClosed), "all of them are let go");
  });
});

describe("a body that is too large", () => {
  test("is refused by its length, before any byte of it arrives", async () => {
    await start();
    const { socket, seen } = open();
    socket.write(head(`content-length: ${LIMIT + 1}`));
    await until(() => seen.text.includes("--body-limit"), "it is refused");

    expect(seen.text).toContain("HTTP/1.1 413");
  });

  test("is refused instead of getting 100 Continue", async () => {
    await start();
    const { socket, seen } = open();
    socket.write(head(`content-length: ${LIMIT + 1}`, "expect: 100-continue"));
    await until(() => seen.isClosed, "it is refused, and the connection closed");

    expect(seen.text).toMatch(/^HTTP\/1.1 413/);
  });

  test("is refused at the first byte above the limit if its length is unknown", async () => {
    await start();
    const { socket, seen } = open();
    const chunk = `1000\r\n${" ".repeat(4096)}\r\n`;
    socket.write(head("transfer-encoding: chunked"));
    socket.write(chunk.repeat(LIMIT / 4096));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(seen.text).toBe("");
    socket.write(chunk);
    await until(() => seen.text.includes("--body-limit"), "it is refused before it ends");

    expect(seen.text).toContain("HTTP/1.1 413");
  });

  test("is still read to its end, and the connection serves the next request", async () => {
    await start();
    const { socket, count } = open();
    const json = JSON.stringify(chat());
    socket.write(head(`content-length: ${LIMIT + 1}`));
    await until(() => count("HTTP/1.1 413") === 1, "it is refused");
    socket.write(`${" ".repeat(LIMIT + 1)}${head(`content-length: ${json.length}`)}${json}`);
    await until(() => count("HTTP/1.1 200") === 1, "the next one is served");
  });

  test("that never ends closes its connection, without a second answer", async () => {
    await start({ receiveTimeoutMs: 300 });
    const { socket, seen, count } = open();
    socket.write(head("transfer-encoding: chunked"));
    const stop = trickle(socket, `1000\r\n${" ".repeat(4096)}\r\n`.repeat(8));
    await until(() => seen.isClosed, "it is closed");
    stop();

    expect(count("HTTP/1.1")).toBe(1);
  });
});

test("a body of an allowed size gets 100 Continue and an answer", async () => {
  await start();
  const { socket, seen } = open();
  const json = JSON.stringify(chat());
  socket.write(head(`content-length: ${json.length}`, "expect: 100-continue"));
  await until(() => seen.text.startsWith("HTTP/1.1 100 Continue\r\n\r\n"), "it is asked for");
  socket.write(json);
  await until(() => seen.text.includes("HTTP/1.1 200"), "it is answered");
});

test.each([
  ["17 KiB of headers", `GET / HTTP/1.1\r\nhost: localhost\r\na: ${"b".repeat(17_000)}\r\n\r\n`],
  ["endless headers", `GET / HTTP/1.1\r\nhost: localhost\r\n${"a: b\r\n".repeat(50_000)}`],
])("%s are refused", async (_what, bytes) => {
  await start();
  const { socket, seen } = open();
  socket.write(bytes);
  await until(() => seen.text.includes("headers_too_large"), "it is refused");

  expect(seen.text).toContain("HTTP/1.1 431");
});

test("a body nested 100,000 deep is refused, and the server keeps running", async () => {
  await start({ bodyLimit: 1_048_576 });
  const deep = `{"messages":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  const { status } = await post(`${running.url}/v1/chat/completions`, deep);

  expect(status).toBe(400);
  expect((await fetch(`${running.url}/health`)).status).toBe(200);
});

test("connections above the limit are closed at once, one line is logged, and a free connection serves again", async () => {
  await start({ maxConnections: 2 });
  const kept = [open(), open()];
  for (const { socket } of kept) socket.write("GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n");
  await until(() => kept.every(({ count }) => count("HTTP/1.1 200") === 1), "both are served");
  const refused = [open(), open()];
  await until(() => refused.every(({ seen }) => seen.isClosed), "two more are closed");

  const warnings = running.logLines.filter(({ level }) => level === 40);
  expect(warnings).toEqual([
    expect.objectContaining({ connections: 2, msg: expect.stringContaining("--max-connections") }),
  ]);
  kept[0]?.socket.destroy();
  await until(async () => {
    const { socket, seen } = open();
    socket.write("GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    await until(() => seen.isClosed, "it is answered or closed");
    return seen.text.includes("HTTP/1.1 200");
  }, "there is room again");
});
