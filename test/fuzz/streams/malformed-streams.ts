// Byte streams that are not HTTP, and those a proxy and a server could read differently.

import {
  bytes,
  CHUNKED,
  chatHead,
  cut,
  HEALTH,
  head,
  JSON_TYPE,
  one,
  type RawStream,
} from "./raw-stream.ts";

const REQUEST_LINES: readonly string[] = [
  "",
  "GET",
  "GET /",
  "GET / HTTP",
  "GET / HTTP/9.9",
  "GET / HTTP/1.1 x",
  "get / http/1.1",
  "\0\0\0",
  "GET  / HTTP/1.1",
  "GET /\thealth HTTP/1.1",
  "GET /a b HTTP/1.1",
  "GET /\xff\xfe HTTP/1.1",
  " GET / HTTP/1.1",
  "FOO / HTTP/1.1",
  `${"A".repeat(20_000)} / HTTP/1.1`,
  `GET /${"a".repeat(20_000)} HTTP/1.1`,
  "CONNECT a:443 HTTP/1.1",
  "GET HTTP/1.1",
  "GET * HTTP/1.1",
  "GET \\ HTTP/1.1",
  "GET ?a HTTP/1.1",
  "SSH-2.0-x",
  "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  "PRI * HTTP/2.0",
  "HTTP/1.1 200 OK",
  "GET http:// HTTP/1.1",
];

const HEADER_LINES: readonly string[] = [
  "no colon",
  ": no name",
  "a b: c",
  "a : b",
  "a\0: b",
  "a: b\0c",
  "a: \x7f",
  "\xff: a",
  "a: b\rc: d",
  " folded",
  "content-length: -1",
  "content-length: +5",
  "content-length: 0x10",
  "content-length: 1e1",
  "content-length: 5 5",
  "content-length:",
  "content-length: 99999999999999999999",
  "content-length: 5\r\ncontent-length: 6",
  "content-length: 5, 5",
  "transfer-encoding: x",
  "transfer-encoding: chunked, identity",
  "transfer-encoding: \x0bchunked",
  "transfer-encoding : chunked",
  "transfer-encoding: chunked\r\ntransfer-encoding: identity",
  "host: b",
  "expect: 200-ok",
  "connection: upgrade, \0",
];

const smuggled =
  (...lines: string[]) =>
  (rest: string) =>
    bytes(chatHead(...lines), rest);
const SMUGGLING: readonly RawStream[] = [
  one(
    "length and chunks",
    smuggled("content-length: 5", "transfer-encoding: chunked")(`0\r\n\r\n${HEALTH}`),
  ),
  one(
    "chunks and length",
    smuggled("transfer-encoding: chunked", "content-length: 5")(`0\r\n\r\n${HEALTH}`),
  ),
  one("two lengths", smuggled("content-length: 0", `content-length: ${HEALTH.length}`)(HEALTH)),
  one(
    "chunked by another name",
    smuggled("content-length: 5", "transfer-encoding: xchunked")(`0\r\n\r\n${HEALTH}`),
  ),
  one(
    "a line feed alone",
    smuggled("a: b\ntransfer-encoding: chunked", "content-length: 5")(`0\r\n\r\n${HEALTH}`),
  ),
  one(
    "a folded header",
    smuggled("transfer-encoding:\r\n chunked", "content-length: 5")(`0\r\n\r\n${HEALTH}`),
  ),
  one(
    "HTTP/1.0 with chunks",
    bytes(
      head("POST /v1/chat/completions HTTP/1.0", JSON_TYPE, "transfer-encoding: chunked"),
      `0\r\n\r\n${HEALTH}`,
    ),
  ),
  one(
    "a body on a GET",
    bytes(
      head("GET /health HTTP/1.1", "host: localhost", `content-length: ${HEALTH.length}`),
      HEALTH,
    ),
    { maxSuccesses: 1 },
  ),
  cut("HTTP/0.9", "GET /health\r\n"),
];

const CHUNK_ERRORS: readonly string[] = [
  "x\r\n",
  "-1\r\n\r\n",
  "0x5\r\nhello\r\n0\r\n\r\n",
  "ffffffffffffffffff\r\n",
  "5\r\nhelloXX0\r\n\r\n",
  "5\nhello\n0\n\n",
  `5;${"a".repeat(100_000)}\r\nhello\r\n0\r\n\r\n`,
  "5;a=\0\r\nhello\r\n0\r\n\r\n",
  "\r\n",
  " 5\r\nhello\r\n",
  "+5\r\nhello\r\n",
];

export const MALFORMED: readonly RawStream[] = [
  // A target may still be valid: in HTTP/0.9 or after two spaces.
  ...REQUEST_LINES.map((line) => ({
    ...cut(
      `request line ${JSON.stringify(line.slice(0, 40))}`,
      `${line}\r\nhost: localhost\r\n\r\n`,
    ),
    maxSuccesses: 1,
  })),
  ...HEADER_LINES.map((line) => cut(`header ${JSON.stringify(line)}`, `${chatHead(line)}12345`)),
  ...CHUNK_ERRORS.map((chunks) =>
    cut(`chunk ${JSON.stringify(chunks.slice(0, 40))}`, CHUNKED + chunks),
  ),
  ...SMUGGLING,
];
