// Heads and bodies that never end, end very late, or are not what they claim to be.

import { brotliCompressSync, gzipSync } from "node:zlib";
import {
  anyKey,
  BODY_LIMIT,
  CHAT,
  chat,
  head,
  keyOrNone,
  list,
  MIB,
  post,
  postHead,
  SPACES,
} from "./requests.ts";
import { type Abuse, closeAll, openMany, rest, write } from "./target.ts";

/** Created once: a few kilobytes that decompress to many megabytes. */
const LONG = JSON.stringify(chat({ messages: [{ role: "user", content: "a".repeat(4_000_000) }] }));
const BOMBS: readonly (readonly [encoding: string, body: Buffer])[] = [
  ["gzip", gzipSync(LONG)],
  ["br", brotliCompressSync(LONG)],
  ["gzip", gzipSync(Buffer.alloc(40 * MIB, 0x20))],
  ["gzip, gzip", gzipSync(gzipSync(LONG))],
  ["zstd", gzipSync(LONG)],
];

export const BODIES: readonly Abuse[] = [
  {
    name: "bodies without their last byte",
    weight: 2,
    run: async (target, signal, random) => {
      const sockets = await openMany(random.between(8, 24), () => target.open(signal));
      const key = keyOrNone(target, random);
      await Promise.all(
        sockets.map(async (socket) => {
          socket.resume();
          await write(socket, postHead(CHAT, key, `Content-Length: ${BODY_LIMIT}`));
          await write(socket, SPACES.subarray(1));
        }),
      );
      await rest(random.between(1_000, 8_000), signal);
      closeAll(sockets, random);
      target.note("disconnected");
    },
  },
  {
    name: "slow body",
    weight: 1,
    run: async (target, signal, random) => {
      const sockets = await openMany(20, () => target.open(signal));
      const text = JSON.stringify(chat());
      const begun = postHead(CHAT, anyKey(target, random), `Content-Length: ${text.length}`);
      for (const socket of sockets) socket.resume().write(begun);
      for (const character of text.slice(0, 30)) {
        for (const socket of sockets) if (!socket.destroyed) socket.write(character);
        await rest(400, signal);
      }
      closeAll(sockets, random);
      target.note("disconnected");
    },
  },
  {
    name: "slow head",
    weight: 1,
    run: async (target, signal, random) => {
      const sockets = await openMany(30, () => target.open(signal));
      for (const socket of sockets) socket.resume().write("GET /health HTTP/1.1\r\nHost: loc");
      for (let index = 0; index < 30 && !signal.aborted; index++) {
        for (const socket of sockets) if (!socket.destroyed) socket.write(`a\r\nX-${index}: `);
        await rest(400, signal);
      }
      closeAll(sockets, random);
      target.note("disconnected");
    },
  },
  {
    name: "chunked body without an end",
    weight: 2,
    run: async (target, signal, random) => {
      const begun = postHead(CHAT, keyOrNone(target, random), "Transfer-Encoding: chunked");
      const size = random.pick([1, 16, 1_000, 60_000]);
      const chunk = `${size.toString(16)}\r\n${" ".repeat(size)}\r\n`;
      const socket = await target.open(signal);
      const receiving = target.receive(socket, { timeoutMs: 6_000 });
      await write(socket, begun + chunk.repeat(Math.ceil(Math.min(1_000, (6 * MIB) / size))));
      await receiving;
      socket.destroy();
    },
  },
  {
    name: "chunks with long extensions and trailers",
    weight: 1,
    run: async (target, signal, random) => {
      const begun = postHead(CHAT, keyOrNone(target, random), "Transfer-Encoding: chunked");
      const chunk = random.pick([
        `1;${"a".repeat(20_000)}\r\n \r\n`,
        "1;a=b;c=d\r\n \r\n".repeat(2_000),
        `2\r\n{}\r\n0\r\n${list(2_000, (index) => `x${index}: y\r\n`).join("")}\r\n`,
        "fffffffffffffffff\r\n",
        "-1\r\n",
        "1\r\n \n",
      ]);
      await target.send(begun + chunk, signal);
    },
  },
  {
    name: "compressed bombs",
    weight: 1,
    run: async (target, signal, random) => {
      const [encoding, body] = random.pick(BOMBS);
      const headers = { "content-encoding": encoding };
      const key = anyKey(target, random);
      for (let time = 0; time < 3; time++)
        await target.ask({ path: CHAT, key, headers, body }, signal);
    },
  },
  {
    name: "Expect: 100-continue without a body",
    weight: 1,
    run: async (target, signal, random) => {
      const length = random.pick([10, BODY_LIMIT, 10 ** 12]);
      const lines = ["Expect: 100-continue", `Content-Length: ${length}`];
      await target.send(postHead(CHAT, keyOrNone(target, random), ...lines), signal);
    },
  },
  {
    name: "bodies that are too large",
    weight: 1,
    run: async (target, signal, random) => {
      const length = random.pick([BODY_LIMIT + 1, 10 ** 9, Number.MAX_SAFE_INTEGER]);
      const socket = await target.open(signal);
      const receiving = target.receive(socket);
      await write(socket, postHead(CHAT, keyOrNone(target, random), `Content-Length: ${length}`));
      await write(socket, SPACES);
      await receiving;
      socket.destroy();
    },
  },
  {
    name: "a body on a request without one",
    weight: 1,
    run: async (target, signal, random) => {
      const line = random.pick(["GET /health", "DELETE /v1/requests/x", "GET /docs", "HEAD /"]);
      const body = "x".repeat(random.between(1, 100_000));
      const asked = head(line, `Content-Length: ${body.length}`) + body;
      await target.send(asked + post(CHAT, null, chat()), signal);
    },
  },
];
