// Bytes that are not HTTP, or that a proxy and a server could read differently.

import { MALFORMED } from "../../fuzz/streams/malformed-streams.ts";
import { CHAT, chat, head, list, post, postHead } from "./requests.ts";
import { type Abuse, rest, write } from "./target.ts";

const HIDDEN = head("GET /metrics");
/** Request smuggling: a hidden request is found if the proxy believes the other length. */
const SMUGGLED: readonly ((key: string) => string)[] = [
  (key) =>
    `${postHead(CHAT, key, "Content-Length: 4", "Transfer-Encoding: chunked")}0\r\n\r\n${HIDDEN}`,
  (key) => postHead(CHAT, key, "Content-Length: 0", "Content-Length: 60") + HIDDEN,
  (key) => postHead(CHAT, key, "Transfer-Encoding: xchunked", "Content-Length: 3") + HIDDEN,
  (key) => `${postHead(CHAT, key, "Transfer-Encoding : chunked")}0\r\n\r\n${HIDDEN}`,
  (key) => `${postHead(CHAT, key, "Transfer-Encoding: chunked, identity")}0\r\n\r\n${HIDDEN}`,
  (key) => postHead(CHAT, key, "X: a\rContent-Length: 9") + HIDDEN,
  (key) => post(CHAT, key, chat()).replaceAll("\r\n", "\n") + HIDDEN,
  (key) => `${postHead(CHAT, key, " folded: yes", "Content-Length: 2")}{}${HIDDEN}`,
  (key) => `${postHead(CHAT, key, "Content-Length: +2")}{}${HIDDEN}`,
  (key) => `${postHead(CHAT, key, "Content-Length: 2, 2")}{}${HIDDEN}`,
  () => head("GET /health", "Host: other", "Content-Length: 10") + HIDDEN,
];

const HUGE: readonly (() => string)[] = [
  () => head("GET /health", ...list(3_000, (index) => `x${index}: y`)),
  () => head("GET /health", `x: ${"y".repeat(1_000_000)}`),
  () => head("GET /health", `Cookie: ${"a=b; ".repeat(5_000)}`),
  () => head(`GET /${"a".repeat(100_000)}`),
  () => head(`GET /v1/models?${"a=b&".repeat(20_000)}`),
  () => "\r\n".repeat(20_000) + head("GET /health"),
];

export const BAD_HTTP: readonly Abuse[] = [
  {
    name: "bad HTTP",
    weight: 3,
    run: async (target, signal, random) => {
      const { steps } = random.pick(MALFORMED);
      const socket = await target.open(signal);
      const receiving = target.receive(socket, { timeoutMs: 1_500 });
      for (const step of typeof steps === "function" ? steps() : steps) {
        if (step === "half-close") socket.end();
        else if (step === "reset") socket.destroy();
        else if (Buffer.isBuffer(step)) await write(socket, step);
        else await rest(step.pauseMs, signal);
      }
      await receiving;
      socket.destroy();
    },
  },
  {
    name: "smuggled requests",
    weight: 2,
    run: async (target, signal, random) => {
      const text = await target.send(random.pick(SMUGGLED)(target.keys.normal), signal, {
        timeoutMs: 1_500,
        isEnough: () => false,
      });
      if (text.includes("sluice_requests_total")) target.note("the hidden request was answered");
    },
  },
  {
    name: "huge heads",
    weight: 2,
    run: async (target, signal, random) => {
      await target.send(random.pick(HUGE)(), signal);
    },
  },
  {
    name: "pipelined requests, then garbage",
    weight: 1,
    run: async (target, signal, random) => {
      const good = post(CHAT, target.keys.normal, chat({ max_tokens: 1 }));
      const bytes = good.repeat(random.between(1, 15)) + random.pick(["\0\0", "GET", "X\r\n\r\n"]);
      await target.send(bytes, signal, { timeoutMs: 4_000, isEnough: () => false });
    },
  },
];
