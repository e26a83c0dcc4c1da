// Requests that Node's parser refuses before Express sees them: they are answered like every other refusal, and never inside
// another answer.

import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runSteps, type Step } from "../../fuzz/streams/connection.ts";
import { startWithFake } from "../../support/start-service.ts";

let running: Awaited<ReturnType<typeof startWithFake>>;
beforeAll(async () => {
  running = await startWithFake({ tokens: Number.POSITIVE_INFINITY, tokenMs: 5 });
});
afterAll(async () => running.close());

const CHAT = '{"messages":[{"role":"user","content":"Hi"}],"stream":true,"max_tokens":4000}';
const post = (path: string, ...headers: string[]) =>
  [
    `POST ${path} HTTP/1.1`,
    "host: localhost",
    "content-type: application/json",
    ...headers,
    "",
    "",
  ].join("\r\n");
const CHUNKED = post("/v1/chat/completions", "transfer-encoding: chunked");
const send = (text: string, ...steps: Step[]) =>
  runSteps({
    url: running.url,
    steps: [Buffer.from(text), ...steps],
    methods: [],
    expectedAnswers: 1,
    limitMs: 10_000,
  });

test.each([
  ["no request line", "nonsense\r\n\r\n", 400, "bad_request"],
  ["a strange version", "GET / HTTP/9.9\r\nhost: localhost\r\n\r\n", 400, "bad_request"],
  [
    "a target without a path",
    "GET http:// HTTP/1.1\r\nhost: localhost\r\n\r\n",
    400,
    "bad_request",
  ],
  ["no Host", "GET /health HTTP/1.1\r\n\r\n", 400, "bad_request"],
  [
    "two lengths",
    post("/v1/completions", "content-length: 1", "content-length: 2"),
    400,
    "bad_request",
  ],
  [
    "a length beside chunks",
    `${CHUNKED.slice(0, -2)}content-length: 3\r\n\r\n`,
    400,
    "bad_request",
  ],
  ["no chunk size", `${CHUNKED}x\r\n`, 400, "bad_request"],
  ["a chunk's endless extension", `${CHUNKED}5;${"a".repeat(20_000)}\r\n`, 413, "body_too_large"],
  ["20 KiB of headers", post("/", `a: ${"b".repeat(20_000)}`), 431, "headers_too_large"],
])("answers %s with an error in the usual form", async (_what, bytes, status, code) => {
  const { answers, fault } = await send(bytes);

  const [answer] = answers;
  expect([fault, answer?.status, answer?.headers.get("connection")]).toEqual([
    null,
    status,
    "close",
  ]);
  expect(answer?.headers.get("x-request-id")).toMatch(/./);
  expect(answer?.headers.get("request-id")).toBe(answer?.headers.get("x-request-id"));
  expect(JSON.parse(String(answer?.body))).toMatchObject({
    error: { message: expect.any(String), type: "invalid_request_error", param: null, code },
  });
});

test("answers a broken body in the envelope of its path", async () => {
  const { answers } = await send(`${post("/v1/messages", "transfer-encoding: chunked")}x\r\n`);

  expect(JSON.parse(String(answers[0]?.body))).toMatchObject({
    type: "error",
    request_id: answers[0]?.headers.get("x-request-id"),
  });
});

test("answers a request without version and with two hosts once, although more bytes arrive", async () => {
  const socket = connect({ host: "127.0.0.1", port: Number(new URL(running.url).port) });
  socket.write(
    "POST /v1/chat/com\nhost: localhost\r\na: bGET /health HTTP/1.1\r\nhost: localhost\r\n\r\nmore\r\n",
  );
  let text = "";
  socket.on("data", (bytes) => (text += bytes));
  await once(socket, "close");

  expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  expect(text).toContain("content-length: ");
});

test("writes nothing into a stream whose client sends invalid bytes, and frees its slot", async () => {
  const good = post("/v1/chat/completions", `content-length: ${CHAT.length}`) + CHAT;

  const { answers, isClosed } = await send(good, { pauseMs: 30 }, Buffer.from("nonsense\r\n\r\n"));

  expect([answers, isClosed]).toEqual([[], true]);
  await expect.poll(() => running.engine.running).toBe(0);
  await expect.poll(() => running.service.queue.inside).toBe(0);
});

test("ignores an unknown expectation", async () => {
  const { answers } = await send(
    "GET /health HTTP/1.1\r\nhost: localhost\r\nexpect: 200-ok\r\n\r\n",
  );

  expect(answers[0]?.status).toBe(200);
});

test("ends only the connection of a broken body whose expectation it ignored", async () => {
  const head = post("/v1/chat/completions", "expect: 200-ok", "transfer-encoding: chunked");

  const { answers, fault } = await send(`${head}x\r\n`);

  expect([fault, answers.map(({ status }) => status)]).toEqual([null, [400]]);
});

test("repeats only the beginning of an unknown path", async () => {
  const { answers } = await send(`GET /${"a".repeat(10_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`);

  expect([answers[0]?.status, Number(answers[0]?.body.length) < 500]).toEqual([404, true]);
});

test("logs them without their content, and counts no internal error", () => {
  const lines = running.logLines.filter(({ outcome }) => outcome === "headers_too_large");

  expect(lines).toEqual([expect.objectContaining({ level: 30, requestId: expect.any(String) })]);
  expect(JSON.stringify(running.logLines)).not.toContain("nonsense");
  expect(running.logLines.filter(({ msg }) => msg === "bug")).toEqual([]);
});
