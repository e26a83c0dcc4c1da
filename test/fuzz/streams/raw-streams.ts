// Byte streams that are not valid requests. Each must be answered with an error or closed, and none may get more successful
// answers than it has requests.

import { brotliCompressSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { applyByteEdits, byteEdit } from "../requests/mutations.ts";
import type { Step } from "./connection.ts";
import { MALFORMED } from "./malformed-streams.ts";
import {
  bytes,
  CHAT,
  CHUNKED,
  chatHead,
  chunked,
  cut,
  GOOD,
  HEALTH,
  head,
  one,
  type RawStream,
} from "./raw-stream.ts";

const zipped = (encoding: string, body: Buffer) =>
  bytes(chatHead(`content-encoding: ${encoding}`, `content-length: ${body.length}`), body);

const zeros = (megabytes: number) => Buffer.alloc(megabytes * 1_048_576);
const COMPRESSED = (): readonly RawStream[] => [
  one("gzip", zipped("gzip", gzipSync(CHAT)), { maxSuccesses: 1 }),
  one("brotli", zipped("br", brotliCompressSync(CHAT)), { maxSuccesses: 1 }),
  one("gzip that is not gzip", zipped("gzip", Buffer.from(CHAT))),
  one("half of a gzip", zipped("gzip", gzipSync(CHAT).subarray(0, 30))),
  one("gzip with a tail", zipped("gzip", bytes(gzipSync(CHAT), "tail")), { maxSuccesses: 1 }),
  one("gzip twice", zipped("gzip, gzip", gzipSync(gzipSync(CHAT)))),
  one("an unknown encoding", zipped("zstd-x", Buffer.from(CHAT))),
  one("gzip bomb", zipped("gzip", gzipSync(zeros(200)))),
  one("brotli bomb", zipped("br", brotliCompressSync(zeros(64)))),
];

const repeated = (count: number, text: string) => text.repeat(count);
const FLOODS: readonly RawStream[] = [
  one("10,000 headers", chatHead(...Array.from({ length: 10_000 }, (_, index) => `a${index}: b`))),
  one("one header of a megabyte", chatHead(`a: ${"b".repeat(1_048_576)}`)),
  one(
    "2,000 short headers",
    chatHead(...Array.from({ length: 2_000 }, (_, index) => `${index}:`), "content-length: 2") +
      "{}",
  ),
  one("empty lines before", repeated(10_000, "\r\n") + HEALTH, { maxSuccesses: 1 }),
  {
    name: "100 pipelined",
    steps: [bytes(repeated(100, HEALTH))],
    maxSuccesses: 100,
    expectedAnswers: 100,
  },
  {
    name: "20 pipelined chats",
    steps: [bytes(repeated(20, GOOD))],
    maxSuccesses: 20,
    expectedAnswers: 20,
  },
  {
    name: "pipelined, then garbage",
    steps: [bytes(GOOD, HEALTH, "nonsense\r\n\r\n")],
    maxSuccesses: 2,
    expectedAnswers: 3,
  },
  {
    name: "pipelined behind a bad body",
    steps: [bytes(chatHead("content-length: 1"), "{", HEALTH)],
    maxSuccesses: 1,
    expectedAnswers: 2,
  },
  {
    name: "pipelined, then disconnected",
    steps: [bytes(repeated(30, GOOD)), { pauseMs: 5 }, "reset"],
    maxSuccesses: 30,
  },
  {
    name: "many pipelined, then closed",
    steps: [bytes(repeated(500, GOOD)), { pauseMs: 50 }, "half-close"],
    maxSuccesses: 500,
  },
];

const LEAVING: readonly RawStream[] = [
  cut("nothing at all", ""),
  cut("half a head", "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"),
  cut("no body", chatHead("content-length: 100")),
  cut("half a body", chatHead("content-length: 1000") + CHAT),
  cut("half a chunk", `${CHUNKED}ff\r\n${CHAT}`),
  cut("no last chunk", CHUNKED + chunked(CHAT)),
  cut("more than the length", `${GOOD}tail`),
  {
    name: "reset in the head",
    steps: [bytes("POST / HT"), { pauseMs: 5 }, "reset"],
    maxSuccesses: 0,
  },
  {
    name: "reset in the body",
    steps: [bytes(chatHead("content-length: 99"), "{"), { pauseMs: 5 }, "reset"],
    maxSuccesses: 0,
  },
  { name: "reset after the request", steps: [bytes(GOOD), "reset"], maxSuccesses: 1 },
  { name: "half-closed at once", steps: [bytes(GOOD), "half-close"], maxSuccesses: 1 },
  {
    name: "byte by byte",
    steps: [...Buffer.from(GOOD)].map((byte) => Buffer.of(byte)),
    maxSuccesses: 1,
    expectedAnswers: 1,
  },
  { name: "slowly", steps: slowly(GOOD, 12, 40), maxSuccesses: 1, expectedAnswers: 1 },
];

const OTHERS: readonly RawStream[] = [
  one(
    "a websocket",
    head(
      "GET /v1/chat/completions HTTP/1.1",
      "host: localhost",
      "connection: upgrade",
      "upgrade: websocket",
      "sec-websocket-version: 13",
      "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==",
    ),
  ),
  one(
    "h2c",
    head(
      "GET /health HTTP/1.1",
      "host: localhost",
      "connection: upgrade, http2-settings",
      "upgrade: h2c",
      "http2-settings: AAMAAABkAAQAAP__",
    ),
    { maxSuccesses: 1 },
  ),
  one("an absolute URI", head("GET http://other/health HTTP/1.1", "host: localhost"), {
    maxSuccesses: 1,
  }),
  one(
    "an absolute URI with a user",
    head("GET http://u:p@[::1]:1/health HTTP/1.1", "host: localhost"),
    {
      maxSuccesses: 1,
    },
  ),
  one("no host", head("GET /health HTTP/1.1")),
  one("two hosts", head("GET /health HTTP/1.1", "host: localhost", "host: b"), { maxSuccesses: 1 }),
  one("HTTP/1.0", head("GET /health HTTP/1.0"), { maxSuccesses: 1 }),
  one(
    "expect a continue",
    bytes(chatHead("expect: 100-continue", `content-length: ${CHAT.length}`), CHAT),
    { maxSuccesses: 1 },
  ),
  cut("expect too large a body", chatHead("expect: 100-continue", "content-length: 99999999")),
  one("chunked", `${CHUNKED}${chunked(CHAT)}0\r\n\r\n`, { maxSuccesses: 1 }),
  one("trailers", `${CHUNKED}${chunked(CHAT)}0\r\na: b\r\n\r\n`, { maxSuccesses: 1 }),
  one("an empty body", chatHead("content-length: 0")),
  one(
    "a byte order mark",
    bytes(chatHead(`content-length: ${CHAT.length + 3}`), Buffer.of(0xef, 0xbb, 0xbf), CHAT),
    { maxSuccesses: 1 },
  ),
  one("a body without a length", chatHead() + CHAT),
];

/** All named streams. */
export function namedStreams(): readonly RawStream[] {
  return [...MALFORMED, ...COMPRESSED(), ...FLOODS, ...LEAVING, ...OTHERS];
}

/** A few valid requests with mutated bytes, in several writes. */
export function changedStreams(): fc.Arbitrary<RawStream> {
  const request = fc.constantFrom(GOOD, HEALTH, `${CHUNKED}${chunked(CHAT)}0\r\n\r\n`);
  const sign = fc.constantFrom(
    "\r\n",
    "\n",
    "\r",
    ":",
    " ",
    "\0",
    "\r\n\r\n",
    "0\r\n\r\n",
    "content-length: 3\r\n",
    "transfer-encoding: chunked\r\n",
    HEALTH,
  );
  const put = fc
    .tuple(fc.nat(400), sign)
    .map(([at, text]) => ({ type: "put" as const, at, bytes: [...Buffer.from(text)] }));
  return fc
    .record({
      requests: fc.array(request, { minLength: 1, maxLength: 3 }),
      edits: fc.array(fc.oneof(byteEdit(), put), { minLength: 1, maxLength: 4 }),
      splitAt: fc.nat(500),
    })
    .map(({ requests, edits, splitAt }) => {
      const all = applyByteEdits(bytes(...requests), edits);
      const steps: Step[] = [
        all.subarray(0, splitAt),
        { pauseMs: 2 },
        all.subarray(splitAt),
        { pauseMs: 30 },
        "half-close",
      ];
      return { name: "changed bytes", steps, maxSuccesses: 5 };
    });
}

/** Streams that the server closes only by its own timeout, because their clients stay. */
export const TIMEOUT_STREAMS: readonly (RawStream & { readonly limitMs: number })[] = [
  {
    name: "a head that never ends",
    steps: slowly(`GET /health HTTP/1.1\r\n${repeated(130, "a: b\r\n")}`, 6, 1_000),
    maxSuccesses: 0,
    limitMs: 125_000,
  },
  {
    name: "a body that never comes",
    steps: [bytes(chatHead("content-length: 100"))],
    maxSuccesses: 0,
    limitMs: 345_000,
  },
  { name: "a connection without a request", steps: [], maxSuccesses: 0, limitMs: 125_000 },
];

function slowly(text: string, size: number, pauseMs: number): Step[] {
  const count = Math.ceil(text.length / size);
  return Array.from({ length: count }, (_, index) => [
    Buffer.from(text.slice(index * size, (index + 1) * size), "latin1"),
    { pauseMs },
  ]).flat();
}
