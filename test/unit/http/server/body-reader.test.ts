// Reading a body: all memory is counted before it is allocated, also for many small chunks and compressed bodies.

import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { PassThrough } from "node:stream";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { BodyMemory } from "../../../../src/http/server/body-memory.ts";
import { readBody } from "../../../../src/http/server/body-reader.ts";

const LIMIT = 100_000;

/** A request whose body is written by the test. */
function arriving(headers: Record<string, string> = {}) {
  const stream = new PassThrough();
  const req = Object.assign(stream, { headers }) as unknown as IncomingMessage; // no more of it is read
  const res = new EventEmitter() as ServerResponse; // nor of its answer
  return { stream, req, res };
}

function reading(headers: Record<string, string> = {}, maxBytes = 4 * LIMIT) {
  const { stream, req, res } = arriving(headers);
  const memory = new BodyMemory(maxBytes);
  const hold = memory.hold("a");
  const body = readBody({ req, res }, { limitBytes: LIMIT, hold });
  return { stream, res, memory, hold, body };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("holds the received bytes, and no more than the declared length", async () => {
  const { stream, memory, body } = reading({ "content-length": "50000" });
  await settled();
  expect(memory.bytes).toBe(0);
  stream.write(Buffer.alloc(10_000, "a"));
  await settled();
  expect(memory.bytes).toBe(10_000);
  stream.end(Buffer.alloc(40_000, "b"));

  expect((await body).toString()).toBe("a".repeat(10_000) + "b".repeat(40_000));
  expect(memory.bytes).toBe(50_000);
});

test("holds at most twice the received bytes, even with tiny chunks", async () => {
  const { stream, memory, body } = reading();
  for (let count = 0; count < 10_000; count++) stream.write("x");
  await settled();

  expect(memory.bytes).toBeLessThanOrEqual(20_000);
  stream.end();
  expect(await body).toHaveLength(10_000);
});

test.each([
  ["gzip", gzipSync],
  ["deflate", deflateSync],
  ["br", brotliCompressSync],
])("counts the decompressed size of a %s body", async (encoding, pack) => {
  const { stream, memory, body } = reading({ "content-encoding": encoding });
  stream.end(pack(Buffer.alloc(LIMIT, "a")));

  expect(await body).toHaveLength(LIMIT);
  expect(memory.bytes).toBe(LIMIT);
});

test.each([
  ["gzip", gzipSync],
  ["br", brotliCompressSync],
])("refuses a %s body that decompresses to too much", async (encoding, pack) => {
  const { stream, body } = reading({ "content-encoding": encoding });
  stream.end(pack(Buffer.alloc(LIMIT + 1, "a")));

  await expect(body).rejects.toMatchObject({ code: "body_too_large" });
});

test("refuses a compressed body before it is decompressed if there is no memory for the largest result", async () => {
  const { stream, body } = reading({ "content-encoding": "gzip" }, LIMIT);
  stream.end(gzipSync("{}"));

  await expect(body).rejects.toMatchObject({ code: "body_memory_full" });
});

test.each([
  ["not compressed at all", Buffer.from("{}")],
  ["cut", gzipSync("a long enough text").subarray(0, 20)],
])("refuses a compressed body that is %s", async (_what, bytes) => {
  const { stream, body } = reading({ "content-encoding": "gzip" });
  stream.end(bytes);

  await expect(body).rejects.toMatchObject({ code: "bad_request" });
});

test("refuses an unknown encoding, and names the known ones", async () => {
  const { body } = reading({ "content-encoding": "zstd" });

  await expect(body).rejects.toMatchObject({
    code: "unsupported_media_type",
    message: expect.stringContaining("gzip, deflate, br and identity"),
  });
});

test("refuses at the first byte over the limit, and discards the rest", async () => {
  const { stream, memory, hold, body } = reading();
  stream.write(Buffer.alloc(LIMIT));
  stream.write("x");
  await expect(body).rejects.toMatchObject({ code: "body_too_large" });
  hold.release();
  for (let count = 0; count < 10; count++) stream.write(Buffer.alloc(LIMIT));
  await settled();

  expect([stream.readableFlowing, memory.bytes]).toEqual([true, 0]);
});

test("refuses at the first byte for which there is no memory", async () => {
  const { stream, memory, body } = reading({}, 20_000);
  stream.write(Buffer.alloc(10_000));
  await settled();
  expect(memory.bytes).toBe(10_000);
  stream.write("x");

  await expect(body).rejects.toMatchObject({ code: "body_memory_full" });
});

test("stops when its request is answered before the body ends", async () => {
  const { stream, res, body } = reading();
  stream.write("x");
  res.emit("close");

  await expect(body).rejects.toMatchObject({ code: "aborted" });
  expect(stream.listenerCount("data")).toBe(0);
});

test("reports a disconnect, also one from before the start", async () => {
  const { stream, body } = reading();
  stream.destroy();
  await expect(body).rejects.toMatchObject({ code: "aborted" });

  const gone = arriving();
  gone.stream.destroy();
  const hold = new BodyMemory(LIMIT).hold("a");
  const late = readBody(gone, { limitBytes: LIMIT, hold });
  await expect(late).rejects.toMatchObject({ code: "aborted" });
});
