// Reading a body: every byte of memory is counted before it is taken, also for bodies of many small pieces and packed ones.

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

test("holds what has come, and no more than the declared length", async () => {
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

test("holds at most twice of what has come, in however small pieces", async () => {
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
])("counts a body in %s as what it becomes", async (encoding, pack) => {
  const { stream, memory, body } = reading({ "content-encoding": encoding });
  stream.end(pack(Buffer.alloc(LIMIT, "a")));

  expect(await body).toHaveLength(LIMIT);
  expect(memory.bytes).toBe(LIMIT);
});

test.each([
  ["gzip", gzipSync],
  ["br", brotliCompressSync],
])("refuses one in %s that becomes too large", async (encoding, pack) => {
  const { stream, body } = reading({ "content-encoding": encoding });
  stream.end(pack(Buffer.alloc(LIMIT + 1, "a")));

  await expect(body).rejects.toMatchObject({ code: "body_too_large" });
});

test("refuses a packed one before it is unpacked, when there is no memory for what it may become", async () => {
  const { stream, body } = reading({ "content-encoding": "gzip" }, LIMIT);
  stream.end(gzipSync("{}"));

  await expect(body).rejects.toMatchObject({ code: "body_memory_full" });
});

test.each([
  ["not packed at all", Buffer.from("{}")],
  ["cut", gzipSync("a long enough text").subarray(0, 20)],
])("refuses a packed one that is %s", async (_what, bytes) => {
  const { stream, body } = reading({ "content-encoding": "gzip" });
  stream.end(bytes);

  await expect(body).rejects.toMatchObject({ code: "bad_request" });
});

test("refuses an encoding that it does not know, and names those that it does", async () => {
  const { body } = reading({ "content-encoding": "zstd" });

  await expect(body).rejects.toMatchObject({
    code: "unsupported_media_type",
    message: expect.stringContaining("gzip, deflate, br and identity"),
  });
});

test("refuses at the byte that is too much, and reads the rest into nothing", async () => {
  const { stream, memory, hold, body } = reading();
  stream.write(Buffer.alloc(LIMIT));
  stream.write("x");
  await expect(body).rejects.toMatchObject({ code: "body_too_large" });
  hold.release();
  for (let count = 0; count < 10; count++) stream.write(Buffer.alloc(LIMIT));
  await settled();

  expect([stream.readableFlowing, memory.bytes]).toEqual([true, 0]);
});

test("refuses at the byte for which there is no memory", async () => {
  const { stream, memory, body } = reading({}, 20_000);
  stream.write(Buffer.alloc(10_000));
  await settled();
  expect(memory.bytes).toBe(10_000);
  stream.write("x");

  await expect(body).rejects.toMatchObject({ code: "body_memory_full" });
});

test("stops when its request has been answered before it has ended", async () => {
  const { stream, res, body } = reading();
  stream.write("x");
  res.emit("close");

  await expect(body).rejects.toMatchObject({ code: "aborted" });
  expect(stream.listenerCount("data")).toBe(0);
});

test("says that the client has left, also when it had left before", async () => {
  const { stream, body } = reading();
  stream.destroy();
  await expect(body).rejects.toMatchObject({ code: "aborted" });

  const gone = arriving();
  gone.stream.destroy();
  const hold = new BodyMemory(LIMIT).hold("a");
  const late = readBody(gone, { limitBytes: LIMIT, hold });
  await expect(late).rejects.toMatchObject({ code: "aborted" });
});
