// Requests to switch protocols while earlier requests on the connection are still being answered.

import { frame, upgrade } from "./frames.ts";
import { CHAT, chat, head, keyOrNone, post, stream } from "./requests.ts";
import { type Abuse, rest, write } from "./target.ts";

const get = (path: string) => head(`GET ${path}`);
const h2c = (path: string) =>
  head(
    `GET ${path}`,
    "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "HTTP2-Settings: AAMAAABkAAQAAP__",
  );
const answersIn = (text: string) => text.split("HTTP/1.1 ").length - 1;
const answers = (count: number) => ({
  timeoutMs: 2_000,
  isEnough: (text: string) => answersIn(text) >= count,
});

export const UPGRADES: readonly Abuse[] = [
  {
    name: "websocket pipelined behind a GET",
    weight: 2,
    run: async (target, signal, random) => {
      const path = random.pick(["/docs", "/", "/favicon.svg", "/metrics", "/openapi.json", "/no"]);
      const before = get(path).repeat(random.between(1, 3));
      await target.send(before + upgrade(keyOrNone(target, random)), signal, answers(4));
    },
  },
  {
    name: "websocket pipelined behind a POST",
    weight: 2,
    run: async (target, signal, random) => {
      const key = keyOrNone(target, random);
      const body = random.pick([chat(), stream(20), { messages: 1 }]);
      await target.send(post(CHAT, key, body) + upgrade(key), signal, answers(2));
    },
  },
  {
    name: "websocket in the middle of a stream",
    weight: 1,
    run: async (target, signal, random) => {
      const key = keyOrNone(target, random);
      const socket = await target.open(signal);
      await write(socket, post(CHAT, key, stream(60)));
      await target.receive(socket);
      await write(socket, upgrade(key) + upgrade(null));
      await write(socket, frame("{}"));
      await target.receive(socket, answers(2));
      socket.destroy();
    },
  },
  {
    name: "websocket upgrades in a row, with frames and requests behind",
    weight: 1,
    run: async (target, signal, random) => {
      const key = keyOrNone(target, random);
      const bytes = [upgrade(key), upgrade(key), get("/health"), frame("{}").toString("latin1")];
      await target.send(bytes.slice(0, random.between(2, 4)).join(""), signal, answers(3));
    },
  },
  {
    name: "h2c pipelined",
    weight: 2,
    run: async (target, signal, random) => {
      const count = random.between(2, 5);
      const first = random.pick([h2c("/health"), post(CHAT, keyOrNone(target, random), chat())]);
      const text = await target.send(first + h2c("/health").repeat(count), signal, {
        ...answers(count + 1),
      });
      if (answersIn(text) <= count) target.note("a pipelined request was not answered");
    },
  },
  {
    name: "h2c and websocket mixed",
    weight: 1,
    run: async (target, signal, random) => {
      const parts = [h2c("/docs"), upgrade(null), h2c("/v1/ws"), get("/health")];
      const mixed = Array.from({ length: 5 }, () => random.pick(parts)).join("");
      await target.send(mixed, signal, answers(5));
    },
  },
  {
    name: "invalid upgrades",
    weight: 1,
    run: async (target, signal, random) => {
      const offers = [
        ["Connection: Upgrade", "Upgrade: tea"],
        ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 99"],
        ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x"],
        ["Connection: Upgrade", `Upgrade: ${"websocket,".repeat(500)}`],
        ["Connection: Upgrade", "Upgrade: websocket", "Content-Length: 5"],
        ["Connection: Upgrade", "Upgrade: TLS/1.0, HTTP/2.0"],
      ];
      const line = random.pick(["GET /v1/ws", "POST /v1/ws", "GET /health", `POST ${CHAT}`]);
      const asked = head(line, ...random.pick(offers));
      await target.send(asked.repeat(random.between(1, 3)), signal, { timeoutMs: 1_500 });
    },
  },
  {
    name: "upgrade, then disconnect",
    weight: 1,
    run: async (target, signal, random) => {
      const socket = await target.open(signal);
      await write(socket, get("/docs") + upgrade(keyOrNone(target, random)));
      await rest(random.between(0, 30), signal);
      socket.destroy();
      target.note("disconnected");
    },
  },
];
