// Complete requests: a valid request of any path with a wrong body, method or headers.

import { deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import {
  applyByteEdits,
  applyEdits,
  type ByteEdit,
  byteEdit,
  type TreeEdit,
  treeEdit,
} from "./mutations.ts";
import { ENDPOINTS, type Endpoint, GET_PATHS } from "./valid-bodies.ts";

export type HttpRequest = {
  readonly method: string;
  /** Path and query of the request line. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
};

/** Everything needed to create a request, as plain data. */
export type Recipe = {
  readonly endpoint: Endpoint;
  readonly body: number;
  readonly edits: readonly TreeEdit[];
  readonly byteEdits: readonly ByteEdit[];
  readonly method: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly encoding: Encoding;
};

type Encoding = "identity" | "gzip" | "deflate" | "wrong";

const METHODS = ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "QUERY"];
const QUERIES = [
  "?",
  "?a[b]=1",
  "?__proto__[x]=1",
  "?%",
  "?%ff=%00",
  `?${"a=1&".repeat(500)}`,
  "#a",
];
const HEADERS: readonly Readonly<Record<string, string>>[] = [
  { "content-type": "text/plain" },
  { "content-type": "application/json; charset=utf-7" },
  { "content-type": "application/json; charset=utf-16" },
  { "content-type": "application/vnd.a+json" },
  { "content-type": `application/json; ${"a=b;".repeat(1_000)}` },
  { "content-type": "application/x-www-form-urlencoded" },
  { "content-type": "multipart/form-data; boundary=x" },
  { "x-request-id": "a\tb" },
  { "x-request-id": "a".repeat(2_000) },
  { authorization: `Bearer ${"k".repeat(4_000)}` },
  { "anthropic-version": "\u00ff", "anthropic-beta": "a,b" },
  { accept: "text/html", "accept-encoding": "gzip;q=NaN", range: "bytes=0-1" },
  { expect: "100-continue" },
  { connection: "close" },
  { upgrade: "websocket", connection: "upgrade" },
  { "last-event-id": "999", "if-none-match": "*" },
  { "x-http-method-override": "DELETE", "x-forwarded-for": "\\", cookie: 'a="' },
];

export function requestOf(recipe: Recipe): HttpRequest {
  const { endpoint, edits, byteEdits, method, query, encoding } = recipe;
  const { bodies } = endpoint;
  const text = applyEdits(bodies[recipe.body % bodies.length] ?? {}, edits);
  const { bytes, headers } = encoded(applyByteEdits(Buffer.from(text), byteEdits), encoding);
  return {
    method,
    target: endpoint.path + query,
    headers: { "content-type": "application/json", ...headers, ...recipe.headers },
    body: bytes,
  };
}

function encoded(body: Buffer, encoding: Encoding) {
  switch (encoding) {
    case "identity":
      return { bytes: body, headers: {} };
    case "gzip":
      return { bytes: gzipSync(body), headers: { "content-encoding": "gzip" } };
    case "deflate":
      return { bytes: deflateSync(body), headers: { "content-encoding": "deflate" } };
    case "wrong":
      return { bytes: body, headers: { "content-encoding": "gzip" } };
  }
}

/** @param only name of an endpoint, or null for all */
export function recipes(only: string | null): fc.Arbitrary<Recipe> {
  const endpoints = ENDPOINTS.filter(({ name }) => only === null || name === only);
  const rarely = <T>(usual: T, rare: fc.Arbitrary<T>, weight = 1) =>
    fc.oneof({ arbitrary: fc.constant(usual), weight: 30 }, { arbitrary: rare, weight });
  return fc.record({
    endpoint: fc.constantFrom(...endpoints),
    body: fc.nat(11),
    edits: fc.array(treeEdit(), { maxLength: 4, size: "max" }),
    byteEdits: rarely([], fc.array(byteEdit(), { minLength: 1, maxLength: 3 }), 5),
    method: rarely("POST", fc.constantFrom(...METHODS)),
    query: rarely("", fc.constantFrom(...QUERIES)),
    headers: rarely({}, fc.constantFrom(...HEADERS), 2),
    encoding: rarely("identity", fc.constantFrom<Encoding>("gzip", "deflate", "wrong")),
  });
}

const SEGMENT = fc.oneof(
  fc.constantFrom(
    "%",
    "%2e%2e%2f",
    "%00",
    "%ff",
    "../..",
    ".",
    "//",
    "\\",
    "*",
    ";",
    "@",
    "a".repeat(6_000),
  ),
  fc.webSegment(),
);

/** Paths without a body and paths that do not exist, with any method. */
export function bodyless(): fc.Arbitrary<HttpRequest> {
  const strange = fc.array(SEGMENT, { maxLength: 4 }).map((parts) => `/${parts.join("/")}`);
  const model = SEGMENT.map((part) => `/v1/models/${part}`);
  const target = fc.oneof(
    {
      arbitrary: fc
        .tuple(fc.constantFrom(...GET_PATHS), fc.constantFrom("", ...QUERIES))
        .map((parts) => parts.join("")),
      weight: 4,
    },
    { arbitrary: strange, weight: 2 },
    { arbitrary: model, weight: 1 },
  );
  return fc.record({
    method: fc.oneof(
      { arbitrary: fc.constant("GET"), weight: 2 },
      { arbitrary: fc.constantFrom("POST", ...METHODS), weight: 1 },
    ),
    target,
    headers: fc.oneof(
      { arbitrary: fc.constant({}), weight: 2 },
      { arbitrary: fc.constantFrom(...HEADERS), weight: 1 },
    ),
    body: fc.constant(Buffer.alloc(0)),
  });
}

/** The bytes on the wire. Headers are Latin-1, as in HTTP. */
export function bytesOf({ method, target, headers, body }: HttpRequest): Buffer {
  const lines = [
    `${method} ${target} HTTP/1.1`,
    "host: localhost",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body.length > 0 || method === "POST" ? [`content-length: ${body.length}`] : []),
  ];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body]);
}
