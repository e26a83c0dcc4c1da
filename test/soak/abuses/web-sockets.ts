// WebSockets that flood, never read, never finish a frame, or never authenticate.

import type { Socket } from "node:net";
import type { Random } from "../kinds/random.ts";
import { BINARY, CLOSE, frame, openWebSocket, PING, PONG, TEXT } from "./frames.ts";
import { anyKey, BODY_LIMIT, CHAT, keyOrNone, list, SPACES, stream } from "./requests.ts";
import { type Abuse, closeAll, openMany, rest, type Target, write } from "./target.ts";

const FLOOD_MS = 4_000;
const FLOOD_FRAMES = 4_096;

/** Floods the sockets with frames and reads nothing. */
async function flood(sockets: readonly Socket[], chunk: Buffer, signal: AbortSignal) {
  const endsAtMs = performance.now() + FLOOD_MS;
  for (const socket of sockets) socket.pause();
  while (performance.now() < endsAtMs && !signal.aborted) {
    const open = sockets.filter((socket) => !socket.destroyed);
    if (open.length === 0) return;
    for (const socket of open) if (socket.writableLength < 2 * chunk.length) socket.write(chunk);
    await rest(50, signal);
  }
}

const many = (payload: string, options = {}) =>
  Buffer.concat(list(FLOOD_FRAMES, () => frame(payload, options)));
const EMPTY = many("{}");
const BAD_PATH = many('{"type":"request","id":"a","path":"/x y"}').subarray(0, 131_072);
const UNKNOWN = many('{"type":"tea","id":"a"}').subarray(0, 131_072);
const PINGS = many("12345678", { opcode: PING });
const PONGS = many("", { opcode: PONG });
const SAID_PINGS = many('{"type":"ping"}').subarray(0, 131_072);

async function open(target: Target, signal: AbortSignal, key: string | null, count: number) {
  return openMany(count, () => openWebSocket(target, signal, key));
}

/** Sends bytes, then waits for the server's reaction. */
async function sendTo(
  target: Target,
  socket: Socket,
  bytes: Buffer,
  timeoutMs = 2_000,
): Promise<void> {
  const closing = target.receive(socket, { timeoutMs, isEnough: () => false });
  await write(socket, bytes);
  await closing;
  socket.destroy();
}

const BROKEN_FRAMES = (random: Random): Buffer =>
  random.pick([
    frame("{}", { isMasked: false }),
    frame("{}", { reserved: 0x70 }),
    frame("{}", { opcode: random.between(3, 7) }),
    frame("{}", { length: 2 ** 40 }),
    frame("{}", { length: Number.MAX_SAFE_INTEGER }),
    frame(Buffer.of(0xff, 0xfe, 0xc0)),
    frame("x".repeat(200), { opcode: PING }),
    frame("x", { opcode: CLOSE }),
    frame(Buffer.of(0, 0), { opcode: CLOSE }),
    frame("{}", { opcode: 0 }),
    frame("{}", { isFinal: false, opcode: PING }),
    Buffer.from("GET /health HTTP/1.1\r\n\r\n"),
  ]);

export const WEB_SOCKETS: readonly Abuse[] = [
  {
    name: "websocket flood with a key, nothing read",
    weight: 2,
    run: async (target, signal, random) => {
      const sockets = await open(target, signal, anyKey(target, random), 1);
      await flood(sockets, random.pick([EMPTY, BAD_PATH, UNKNOWN, SAID_PINGS, PINGS]), signal);
      closeAll(sockets, random);
    },
  },
  {
    name: "websocket flood without a key, nothing read",
    weight: 2,
    run: async (target, signal, random) => {
      const sockets = await open(target, signal, null, 4);
      await flood(sockets, random.pick([EMPTY, SAID_PINGS, PONGS, BAD_PATH]), signal);
      closeAll(sockets, random);
    },
  },
  {
    name: "websocket: half of a large frame",
    weight: 2,
    run: async (target, signal, random) => {
      const sockets = await open(target, signal, random.pick([null, anyKey(target, random)]), 16);
      const begun = frame("", { length: BODY_LIMIT - 1 });
      const most = BODY_LIMIT - 2;
      await Promise.all(
        sockets.map(async (socket) => {
          socket.resume();
          await write(socket, begun);
          await write(socket, SPACES.subarray(0, most));
        }),
      );
      await rest(random.between(1_000, 8_000), signal);
      closeAll(sockets, random);
    },
  },
  {
    name: "websocket: a message of fragments without end",
    weight: 1,
    run: async (target, signal, random) => {
      const socket = await openWebSocket(target, signal, keyOrNone(target, random));
      const tiny = Buffer.concat(
        list(5_000, (index) =>
          frame(index % 2 ? "x" : "", { opcode: index === 0 ? TEXT : 0, isFinal: false }),
        ),
      );
      await sendTo(target, socket, tiny, 3_000);
    },
  },
  {
    name: "websocket: binary, unknown types and wrong JSON",
    weight: 2,
    run: async (target, signal, random) => {
      const socket = await openWebSocket(target, signal, keyOrNone(target, random));
      const said = [
        frame(Buffer.alloc(random.between(0, 5_000)), { opcode: BINARY }),
        ...["", "{", "[]", "null", '{"type":"__proto__"}', `${"[".repeat(20_000)}`].map((text) =>
          frame(text),
        ),
        frame(JSON.stringify({ type: "request", id: "x".repeat(5_000), path: "/" })),
        frame(JSON.stringify({ type: "request", id: "a", path: "/v1/ws", method: "GET" })),
        frame(JSON.stringify({ type: "resume", id: "b", stream: "/v1/streams/x" })),
        frame(JSON.stringify({ type: "cancel", id: "nothing" })),
      ];
      await sendTo(target, socket, Buffer.concat(said));
    },
  },
  {
    name: "websocket: broken frames",
    weight: 2,
    run: async (target, signal, random) => {
      const socket = await openWebSocket(target, signal, keyOrNone(target, random));
      await sendTo(target, socket, BROKEN_FRAMES(random));
    },
  },
  {
    name: "websocket: sockets that never authenticate",
    weight: 1,
    run: async (target, signal, random) => {
      const sockets = await open(target, signal, null, 30);
      for (const socket of sockets) socket.resume();
      await rest(random.between(2_000, 12_000), signal);
      closeAll(sockets, random);
    },
  },
  {
    name: "websocket: wrong keys",
    weight: 1,
    run: async (target, signal, random) => {
      const socket = await openWebSocket(target, signal, null);
      const wrong = list(200, (index) =>
        frame(JSON.stringify({ type: "auth", key: `sk-${index}-${random.next()}` })),
      );
      await sendTo(target, socket, Buffer.concat(wrong));
    },
  },
  {
    name: "websocket: many streams, nothing read, then disconnected",
    weight: 1,
    run: async (target, signal, random) => {
      const socket = await openWebSocket(target, signal, anyKey(target, random));
      const body = stream(40, { logprobs: true, top_logprobs: 20 });
      const asked = list(40, (index) =>
        frame(JSON.stringify({ type: "request", id: `r${index}`, path: CHAT, body })),
      );
      socket.pause();
      await write(socket, Buffer.concat(asked));
      await rest(random.between(200, 4_000), signal);
      socket.destroy();
    },
  },
  {
    name: "websocket: starts and cancels requests",
    weight: 1,
    run: async (target, signal, random) => {
      const socket = await openWebSocket(target, signal, anyKey(target, random));
      const pairs = list(60, (index) => [
        frame(JSON.stringify({ type: "request", id: `r${index}`, path: CHAT, body: stream(40) })),
        frame(JSON.stringify({ type: "cancel", id: `r${index}` })),
      ]);
      await sendTo(target, socket, Buffer.concat(pairs.flat()));
    },
  },
  {
    name: "websocket: compressed frame after an offer",
    weight: 1,
    run: async (target, signal, random) => {
      const offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits";
      const socket = await openWebSocket(target, signal, keyOrNone(target, random), offer);
      await sendTo(target, socket, frame(Buffer.alloc(2_000), { reserved: 0x40 }));
    },
  },
];
