// Clients that disconnect at the worst moment, and clients that stay but do not read.

import type { Socket } from "node:net";
import type { Random } from "../kinds/random.ts";
import { anyKey, CHAT, chat, head, list, post, postHead, stream } from "./requests.ts";
import { type Abuse, closeAll, openMany, reset, rest, type Target, write } from "./target.ts";

const REQUEST = (target: Target, random: Random) =>
  post(CHAT, anyKey(target, random), random.pick([chat(), stream(60)]));

/** When the client disconnects. */
const MOMENTS: Readonly<
  Record<string, (socket: Socket, target: Target, random: Random) => Promise<unknown>>
> = {
  "after the handshake": async () => {},
  "in the head": async (socket, target, random) => {
    const text = REQUEST(target, random);
    await write(socket, text.slice(0, random.between(1, 150)));
  },
  "before the body": (socket, target, random) =>
    write(socket, postHead(CHAT, anyKey(target, random), "Content-Length: 500")),
  "in the body": async (socket, target, random) => {
    await write(socket, `${postHead(CHAT, anyKey(target, random), "Content-Length: 500")}{"mess`);
  },
  "after the request": (socket, target, random) => write(socket, REQUEST(target, random)),
  "while it waits": async (socket, target, random) => {
    await write(socket, REQUEST(target, random));
    await rest(random.between(1, 60), AbortSignal.timeout(1_000));
  },
  "after the first bytes": async (socket, target, random) => {
    await write(socket, REQUEST(target, random));
    await target.receive(socket);
  },
  "in the middle of the stream": async (socket, target, random) => {
    await write(socket, post(CHAT, anyKey(target, random), stream(120)));
    const most = random.between(500, 8_000);
    await target.receive(socket, { isEnough: ({ length }) => length > most });
  },
  "after requests in a row": (socket, target, random) =>
    write(socket, REQUEST(target, random).repeat(random.between(2, 10))),
};

/** How long unread connections stay open. */
const UNREAD_MS = 7_000;

export const READERS: readonly Abuse[] = [
  ...Object.entries(MOMENTS).map(([moment, run]) => ({
    name: `disconnects ${moment}`,
    weight: 1,
    run: async (target: Target, signal: AbortSignal, random: Random) => {
      for (let time = 0; time < 4 && !signal.aborted; time++) {
        const socket = await target.open(signal);
        await run(socket, target, random);
        const leave = random.pick([
          () => reset(socket),
          () => socket.end(),
          () => socket.destroy(),
        ]);
        leave();
        await rest(random.between(0, 100), signal);
        socket.destroy(); // close what was only half closed
      }
      target.note("disconnected");
    },
  })),
  {
    name: "never reads a stream",
    weight: 1,
    run: async (target, signal, random) => {
      const body = stream(1_500, { logprobs: true, top_logprobs: 20 });
      const sockets = await openMany(2, () => target.open(signal));
      for (const socket of sockets) {
        socket.pause();
        await write(socket, post(CHAT, anyKey(target, random), body));
      }
      await rest(UNREAD_MS, signal);
      closeAll(sockets, random);
      target.note("disconnected");
    },
  },
  {
    name: "never reads many answers",
    weight: 1,
    run: async (target, signal, random) => {
      const path = random.pick(["/docs", "/openapi.json", "/", "/metrics", "/v1/models"]);
      const key = anyKey(target, random);
      const socket = await target.open(signal);
      socket.pause();
      // Writes without backpressure: a server that stops reading behaves correctly.
      for (const asked of list(100, () => head(`GET ${path}`, `Authorization: Bearer ${key}`)))
        socket.write(asked);
      await rest(UNREAD_MS, signal);
      socket.destroy();
      target.note("disconnected");
    },
  },
  {
    name: "reads byte by byte",
    weight: 1,
    run: async (target, signal, random) => {
      const socket = await target.open(signal);
      await write(socket, post(CHAT, anyKey(target, random), stream(100)));
      socket.pause();
      for (let time = 0; time < 60 && !signal.aborted && !socket.destroyed; time++) {
        socket.read(1);
        await rest(100, signal);
      }
      socket.destroy();
      target.note("disconnected");
    },
  },
];
