// The files of a built page over HTTP: which of their encodings a client gets.

import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import express from "express";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtFiles } from "../../../src/http/server/built-files.ts";

const SCRIPT = "console.log('a page');\n".repeat(100);
const folder = mkdtempSync(path.join(tmpdir(), "sluice-built-"));
let port: number;
const server = express()
  .use("/assets", files())
  .use((_req, res) => void res.status(404).send("not found"))
  .listen(0, "127.0.0.1");
beforeAll(async () => {
  if (!server.listening) await once(server, "listening");
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

function files() {
  mkdirSync(path.join(folder, "sub"));
  writeFileSync(path.join(folder, "page-1.js"), SCRIPT);
  writeFileSync(path.join(folder, "page-1.js.br"), brotliCompressSync(SCRIPT));
  writeFileSync(path.join(folder, "page-1.js.gz"), gzipSync(SCRIPT));
  writeFileSync(path.join(folder, "sub", "small.css"), "a{}");
  return builtFiles(folder, { immutable: true, maxAge: "365d" });
}

type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
};

/** Not `fetch`, which decodes the body and sends its own headers. */
async function ask(
  name: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Answer> {
  const request = get({ port, host: "127.0.0.1", path: name, headers, method });
  const [response] = await once(request, "response");
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

test.each([
  ["gzip, deflate, br, zstd", "br"],
  ["gzip", "gzip"],
  ["br;q=0, gzip;q=0.5", "gzip"],
  ["br;q=0, gzip;q=0, identity", undefined],
  ["", undefined],
])("a client that accepts %j gets the encoding %s", async (accepted, encoding) => {
  const { status, headers, body } = await ask("/assets/page-1.js", { "accept-encoding": accepted });

  const text = { br: brotliDecompressSync, gzip: gunzipSync, identity: (bytes: Buffer) => bytes };
  expect(text[(encoding ?? "identity") as keyof typeof text](body).toString()).toBe(SCRIPT);
  expect(status).toBe(200);
  expect(headers["content-encoding"]).toBe(encoding);
  expect(headers["content-type"]).toBe("text/javascript; charset=utf-8");
  expect(headers["content-length"]).toBe(String(body.length));
  expect(headers.vary).toMatch(/accept-encoding/i);
  expect(headers["cache-control"]).toBe("public, max-age=31536000, immutable");
});

test("each encoding has an ETag of its own, which a client can revalidate", async () => {
  const [brotli, plain] = [
    await ask("/assets/page-1.js", { "accept-encoding": "br" }),
    await ask("/assets/page-1.js"),
  ];

  expect(brotli.headers.etag).not.toBe(plain.headers.etag);
  const again = { "accept-encoding": "br", "if-none-match": String(brotli.headers.etag) };
  const { status, body } = await ask("/assets/page-1.js", again);
  expect([status, body.length]).toEqual([304, 0]);
});

test("HEAD has the headers of GET, and a range is one of the encoding that was chosen", async () => {
  const whole = await ask("/assets/page-1.js", { "accept-encoding": "gzip" });
  const head = await ask("/assets/page-1.js", { "accept-encoding": "gzip" }, "HEAD");
  const range = { "accept-encoding": "gzip", range: "bytes=2-5" };
  const part = await ask("/assets/page-1.js", range);

  expect([head.status, head.headers["content-length"]]).toEqual([200, String(whole.body.length)]);
  expect([part.status, part.body]).toEqual([206, whole.body.subarray(2, 6)]);
});

test("a file that is not compressed is sent as it is, and what does not exist is left to other handlers", async () => {
  const small = await ask("/assets/sub/small.css", { "accept-encoding": "br" });
  const names = ["page-1.js.br", "page-2.js", "sub", "%2e%2e/x", "sub/%ff", "page-1.js/"];
  const others = await Promise.all(
    names.map((name) => ask(`/assets/${name}`, { "accept-encoding": "br" })),
  );

  expect(small.body.toString()).toBe("a{}");
  expect(small.headers["content-encoding"]).toBeUndefined();
  expect(others.map(({ status, headers }) => [status, headers["content-encoding"]])).toEqual(
    names.map(() => [404, undefined]),
  );
});
