// Abuse before a request is admitted: methods, keys, TLS handshakes, and connections.

import { connect as connectTls } from "node:tls";
import type { Random } from "../kinds/random.ts";
import { CHAT, chat, keyOrNone, list, PATHS, post } from "./requests.ts";
import { type Abuse, closeAll, openMany, rest, write } from "./target.ts";

const METHODS = ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "PURGE", "GET"];

/** Start of a TLS 1.2 handshake that is missing its content. */
const HELLO = Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]);
const GARBAGE = (random: Random): Buffer =>
  random.pick([
    HELLO,
    Buffer.concat([HELLO, Buffer.alloc(600)]),
    Buffer.from([0x16, 3, 1, 0xff, 0xff]),
    Buffer.from([0x15, 3, 3, 0, 2, 2, 40]),
    Buffer.from([0x17, 3, 3, 0x40, 0, 1, 2, 3]),
    Buffer.from([0x80, 0x2e, 1, 0, 2]),
    Buffer.from("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    Buffer.from("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n"),
    Buffer.from(list(500, () => random.between(0, 255))),
  ]);

const WRONG_KEYS = (random: Random): Readonly<Record<string, string>> =>
  random.pick<Readonly<Record<string, string>>>([
    { authorization: `Bearer sk-${random.next()}` },
    { authorization: `Bearer ${"x".repeat(8_000)}` },
    { authorization: "Basic YTpi" },
    { authorization: "Bearer" },
    { "x-api-key": `${random.next()}` },
    {
      "x-goog-api-key": "é"
        .repeat(20)
        .normalize("NFD")
        .replace(/[^a-z]/g, ""),
    },
    { authorization: "Bearer a, Bearer b" },
  ]);

export const CONNECTION_ABUSES: readonly Abuse[] = [
  {
    name: "odd methods on every path",
    weight: 2,
    run: async (target, signal, random) => {
      for (let time = 0; time < 12 && !signal.aborted; time++) {
        const key = keyOrNone(target, random);
        const asked = { method: random.pick(METHODS), path: random.pick(PATHS), key };
        await target.ask({ ...asked, timeoutMs: 3_000 }, signal);
      }
    },
  },
  {
    name: "wrong keys at a high rate",
    weight: 2,
    run: async (target, signal, random) => {
      const one = async () => {
        for (let time = 0; time < 15 && !signal.aborted; time++) {
          const headers = WRONG_KEYS(random);
          const method = random.pick(["GET", "POST"]);
          const body = method === "POST" ? { body: chat() } : {};
          await target.ask({ method, path: random.pick(PATHS), headers, ...body }, signal);
          await rest(20, signal);
        }
      };
      await Promise.all([one(), one()]);
    },
  },
  {
    name: "a key that is revoked during requests",
    weight: 1,
    run: async (target, signal) => {
      for (let time = 0; time < 8 && !signal.aborted; time++) {
        const { changing: key } = target.keys;
        await target.ask({ path: CHAT, key, body: chat({ max_tokens: 2 }) }, signal);
        await rest(400, signal);
      }
    },
  },
  {
    name: "TLS handshakes that stop half-way",
    weight: 2,
    run: async (target, signal, random) => {
      const sockets = await openMany(random.between(5, 40), () => target.openPlain(signal));
      for (const socket of sockets) socket.resume().write(GARBAGE(random));
      await rest(random.between(500, 6_000), signal);
      const closed = sockets.filter(({ destroyed }) => destroyed).length;
      target.note(closed > 0 ? "closed" : "silence");
      closeAll(sockets, random);
    },
  },
  {
    name: "TLS renegotiation with garbage",
    weight: 1,
    run: async (target, signal, random) => {
      const raw = await target.openPlain(signal);
      const socket = connectTls({ socket: raw, rejectUnauthorized: false, maxVersion: "TLSv1.2" });
      socket.on("error", () => {});
      socket.once("secureConnect", () => {
        socket.write(post(CHAT, null, chat()).slice(0, 80));
        for (let time = 0; time < 5; time++)
          if (!socket.destroyed) socket.renegotiate({}, () => {});
      });
      await rest(random.between(200, 1_000), signal);
      if (!raw.destroyed) raw.write(GARBAGE(random)); // into the encrypted stream
      await rest(300, signal);
      target.note(raw.destroyed ? "closed" : "silence");
      socket.destroy();
      raw.destroy();
    },
  },
  {
    name: "tiny TLS records",
    weight: 1,
    run: async (target, signal, random) => {
      const socket = await target.open(signal);
      const receiving = target.receive(socket, { timeoutMs: 4_000 });
      for (const character of post(CHAT, keyOrNone(target, random), chat())) {
        if (socket.destroyed || signal.aborted) break;
        await write(socket, character);
      }
      await receiving;
      socket.destroy();
    },
  },
  {
    name: "connection flood without TLS",
    weight: 1,
    run: async (target, signal, random) => {
      const sockets = await openMany(200, () => target.openPlain(signal));
      await rest(random.between(500, 3_000), signal);
      target.note(`${Math.round(sockets.length / 50) * 50} connections`);
      closeAll(sockets, random);
    },
  },
  {
    name: "connection flood with TLS",
    weight: 1,
    run: async (target, signal, random) => {
      const sockets = await openMany(60, () => target.open(signal));
      await rest(random.between(500, 3_000), signal);
      target.note(`${Math.round(sockets.length / 20) * 20} connections`);
      closeAll(sockets, random);
    },
  },
];
