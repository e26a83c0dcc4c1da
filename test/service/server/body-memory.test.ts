// Unfinished bodies and the bodies of waiting requests: together they use at most --body-memory, one key leaves room for others,
// and all memory is released.

import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { operations } from "../../../src/api/openapi/operations.ts";
import type { Config } from "../../../src/config/config.ts";
import { rawPost } from "../../support/clients/raw-client.ts";
import { chat, post } from "../../support/clients/sse-client.ts";
import { newKeysFile } from "../../support/keys.ts";
import { type RunningService, startWithFake, until } from "../../support/start-service.ts";

let running: RunningService;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await running.close();
});

const LIMIT = 10_000;
const LIMITS: Partial<Config> = { bodyLimit: LIMIT, bodyMemory: 4 * LIMIT };

/** Sends a head; the caller writes the body later. */
function open(...headers: string[]) {
  const socket = connect({ host: "127.0.0.1", port: Number(new URL(running.url).port) });
  sockets.push(socket);
  const seen = { text: "" };
  socket.on("data", (bytes) => (seen.text += bytes));
  socket.on("error", () => {}); // a disconnect may be a reset
  const first = ["POST /v1/chat/completions HTTP/1.1", "host: localhost"];
  const head = [...first, "content-type: application/json", ...headers];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  return { socket, seen };
}

/** Sends a body without its last byte; resolves when the server holds it, or has refused it. */
async function openUnfinished(...headers: string[]) {
  const { socket, seen } = open(`content-length: ${LIMIT}`, ...headers);
  await new Promise<void>((resolve) => socket.write(" ".repeat(LIMIT - 1), () => resolve()));
  return { socket, seen };
}

async function statusOf(headers: Record<string, string> = {}): Promise<number> {
  return (await post(`${running.url}/v1/chat/completions`, chat({ stream: false }), headers))
    .status;
}

test("unfinished bodies of one key use only its share, and another key is served", async () => {
  const keys = newKeysFile();
  const [alice, bob] = [keys.add("alice"), keys.add("bob")];
  running = await startWithFake({}, { ...LIMITS, keysFile: keys.path });
  const opened: Awaited<ReturnType<typeof openUnfinished>>[] = [];
  for (let count = 0; count < 20; count++)
    opened.push(await openUnfinished(`authorization: ${alice.authorization}`));

  const refused = () => opened.filter(({ seen }) => seen.text.includes("HTTP/1.1 503"));
  await until(() => refused().length === 18, "all but two are refused");
  expect(refused()[0]?.seen.text).toMatch(/retry-after: \d/i);
  expect(refused()[0]?.seen.text).toContain('"code":"body_memory_full"');
  expect([await statusOf(alice), await statusOf(bob)]).toEqual([503, 200]);

  for (const { socket } of opened) socket.destroy();
  await until(async () => (await statusOf(alice)) === 200, "what was held is free again");
});

test("without keys, the clients of one address have a common share", async () => {
  running = await startWithFake({}, { ...LIMITS, trustProxy: 1 });
  for (let count = 0; count < 2; count++) await openUnfinished("x-forwarded-for: 10.0.0.1");

  await until(
    async () => (await statusOf({ "x-forwarded-for": "10.0.0.1" })) === 503,
    "their share is taken",
  );
  expect(await statusOf({ "x-forwarded-for": "10.0.0.2" })).toBe(200);
});

test("a declared length that is too large is refused before the body, without 100 Continue", async () => {
  running = await startWithFake({}, LIMITS);
  for (let count = 0; count < 2; count++) await openUnfinished();
  await until(async () => (await statusOf()) === 503, "the share is taken");
  const { seen } = open(`content-length: ${LIMIT}`, "expect: 100-continue");
  await until(() => seen.text !== "", "it is answered");

  expect(seen.text).toMatch(/^HTTP\/1.1 503/);
});

test("a chunked body is refused at the first byte above the limit", async () => {
  running = await startWithFake({}, { ...LIMITS, bodyMemory: 2 * LIMIT });
  await openUnfinished();
  await until(async () => (await statusOf()) === 503, "the share is taken");
  const { socket, seen } = open("transfer-encoding: chunked");
  socket.write("1\r\n \r\n");
  await until(() => seen.text.includes("body_memory_full"), "it is refused before it ends");
});

test("a small compressed body is refused if there is no memory for its maximum size", async () => {
  running = await startWithFake({}, LIMITS);
  const send = () =>
    fetch(`${running.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", "content-encoding": "gzip" },
      body: gzipSync(JSON.stringify(chat({ stream: false }))),
    });
  expect((await send()).status).toBe(200);
  await openUnfinished();
  await openUnfinished();

  await until(async () => (await send()).status === 503, "it is refused");
});

test("a body counts until its request ends, also while it waits for a slot", async () => {
  const endless = { tokens: Number.POSITIVE_INFINITY, tokenMs: 5 };
  running = await startWithFake(endless, { ...LIMITS, slots: 1 });
  const url = `${running.url}/v1/chat/completions`;
  const large = chat({ messages: [{ role: "user", content: "x".repeat(LIMIT - 500) }] });
  const inside = await Promise.all([0, 1].map(() => rawPost(url, large)));
  await until(() => running.service.queue.waiting === 1, "one has the slot, one waits");
  const send = async () => (await post(url, "x".repeat(LIMIT))).status;
  expect(await send()).toBe(503);

  for (const { socket } of inside) socket.destroy();
  await until(async () => (await send()) === 400, "what they held is free again");
});

test("every path that takes a body reserves its memory", async () => {
  running = await startWithFake({}, { ...LIMITS, bodyMemory: 2 * LIMIT });
  await openUnfinished();
  await until(async () => (await statusOf()) === 503, "the share is taken");
  const posts = operations().filter(({ contract }) => contract !== undefined);

  const answers = posts.map(async ({ path, method, contract }) => {
    const url = running.url + path.replace("{model}", running.service.models.resolve(null).id);
    const query = path.includes("streamGenerate") ? "?alt=sse" : "";
    const answer = await fetch(url + query, {
      method: method.toUpperCase(),
      headers: { "content-type": "application/json" },
      body: JSON.stringify(contract?.example ?? {}),
    });
    return [path, answer.status, answer.headers.get("retry-after")];
  });

  expect(posts.length).toBeGreaterThan(15);
  expect(await Promise.all(answers)).toEqual(posts.map(({ path }) => [path, 503, "2"]));
});
