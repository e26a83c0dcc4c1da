// The server as an abuser reaches it: directly or through nginx, from the abusers' own address, and within a limit of
// connections that keeps the machine usable.

import { once } from "node:events";
import { Agent, request } from "node:https";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import type { Random } from "../kinds/random.ts";

export type Route = "direct" | "nginx";

/** One key has small limits, one normal limits, and one is repeatedly revoked and added again. */
export type AbuserKeys = {
  readonly limited: string;
  readonly normal: string;
  readonly changing: string;
};

export type Abuse = {
  readonly name: string;
  /** Relative frequency. */
  readonly weight: number;
  /** Ends by itself or soon after the signal. */
  readonly run: (target: Target, signal: AbortSignal, random: Random) => Promise<void>;
};

type TargetOptions = {
  readonly route: Route;
  readonly port: number;
  readonly keys: () => AbuserKeys;
  /** Called with the outcome of each request or connection, in one word. */
  readonly note: (outcome: string) => void;
  readonly budget: SocketBudget;
};

export type TargetRequest = {
  readonly method?: string;
  readonly path: string;
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, anything else unchanged. */
  readonly body?: object | string | Buffer;
  readonly timeoutMs?: number;
};

export type Reply = { readonly status: number; readonly text: string; readonly location: string };

const HOST = "127.0.0.1";
/** Address of all abusers, so that a proxy that limits connections by address does not limit the honest clients. */
const ABUSER_ADDRESS = "127.0.0.10";
const MOST_SOCKETS = 500;
const KEPT_SOCKETS = 32;
const CONNECT_MS = 5_000;
const MOST_TEXT = 65_536;
const CHUNK_BYTES = 65_536;

/** Abusers do not check certificates. */
const UNCHECKED = { rejectUnauthorized: false } as const;
/** The TCP socket below a TLS connection, on which a reset can be sent. */
const PLAIN = new WeakMap<Socket, Socket>();

/** There is no connection: it was refused, closed at once, or exceeds the abusers' own limit. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** Limits the connections of all abusers together. */
export class SocketBudget {
  #open = 0;

  /** @throws Unreachable */
  take(socket: () => Socket): Socket {
    if (this.#open >= MOST_SOCKETS) throw new Unreachable("own limit");
    this.#open += 1;
    return socket().once("close", () => {
      this.#open -= 1;
    });
  }
}

export class Target {
  readonly #options: TargetOptions;
  readonly #agent: Agent;

  constructor(options: TargetOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: KEPT_SOCKETS, scheduling: "fifo" });
  }

  get route(): Route {
    return this.#options.route;
  }

  get keys(): AbuserKeys {
    return this.#options.keys();
  }

  get host(): string {
    return `${HOST}:${this.#options.port}`;
  }

  note(outcome: string): void {
    this.#options.note(outcome);
  }

  /** Opens a TLS connection. @throws Unreachable */
  async open(signal: AbortSignal): Promise<Socket> {
    const plain = await this.openPlain(signal);
    const socket = connectTls({ ...UNCHECKED, socket: plain, servername: "localhost" });
    PLAIN.set(socket, plain);
    return connected(socket, "secureConnect", signal);
  }

  /** Opens a TCP connection without sending anything. @throws Unreachable */
  async openPlain(signal: AbortSignal): Promise<Socket> {
    const socket = this.#options.budget.take(() => connect(this.#address));
    return connected(socket, "connect", signal);
  }

  /** Sends bytes on a new connection. @returns everything received until it was closed, was enough, or took too long */
  async send(
    bytes: string | Buffer,
    signal: AbortSignal,
    options: ReceiveOptions = {},
  ): Promise<string> {
    const socket = await this.open(signal);
    const receiving = this.receive(socket, options);
    await write(socket, bytes);
    const text = await receiving;
    socket.destroy();
    return text;
  }

  /** Notes the first status received, or that none arrived. */
  async receive(socket: Socket, options: ReceiveOptions = {}): Promise<string> {
    const text = await receiveText(socket, options);
    const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
    this.note(status ?? (text !== "" ? "other bytes" : socket.destroyed ? "closed" : "silence"));
    return text;
  }

  /** Sends one valid request on a kept connection. Never rejects: status 0 means a broken connection. */
  async ask(asked: TargetRequest, signal: AbortSignal): Promise<Reply> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(asked.timeoutMs ?? 10_000)]);
    try {
      const reply = await this.#ask(asked, limit);
      this.note(`${reply.status}`);
      return reply;
    } catch (error) {
      const { code, name } = error as NodeJS.ErrnoException;
      this.note(limit.aborted ? "aborted" : (code ?? name));
      return { status: 0, text: "", location: "" };
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  get #address() {
    return { host: HOST, port: this.#options.port, localAddress: ABUSER_ADDRESS };
  }

  #ask(
    { method = "POST", path, key, headers, body }: TargetRequest,
    signal: AbortSignal,
  ): Promise<Reply> {
    const data = typeof body === "object" && !Buffer.isBuffer(body) ? JSON.stringify(body) : body;
    const sent = {
      ...(key ? { authorization: `Bearer ${key}` } : {}),
      ...(data === undefined ? {} : { "content-type": "application/json" }),
      ...(data === undefined ? {} : { "content-length": `${Buffer.byteLength(data)}` }),
      ...headers,
    };
    const options = { ...this.#address, ...UNCHECKED, agent: this.#agent };
    return new Promise((resolve, reject) => {
      const asking = request({ ...options, method, path, headers: sent, signal }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (more: string) => {
          if (text.length < MOST_TEXT) text += more;
        });
        response.once("error", reject);
        const { statusCode: status = 0 } = response;
        const { location = "" } = response.headers;
        response.once("end", () => resolve({ status, text, location }));
      });
      asking.once("error", reject);
      asking.on("error", () => {}); // a second error may follow
      asking.end(data);
    });
  }
}

type ReceiveOptions = {
  readonly timeoutMs?: number;
  readonly isEnough?: (text: string) => boolean;
};

const hasHead = (text: string) => text.includes("\r\n\r\n");

function receiveText(
  socket: Socket,
  { timeoutMs = 3_000, isEnough = hasHead }: ReceiveOptions,
): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const end = () => {
      clearTimeout(timer);
      socket.off("data", onData).off("close", end);
      resolve(text);
    };
    const onData = (bytes: Buffer) => {
      if (text.length < MOST_TEXT) text += bytes.toString("latin1");
      if (isEnough(text)) end();
    };
    const timer = setTimeout(end, timeoutMs);
    socket.on("data", onData).once("close", end);
    if (socket.destroyed) end();
  });
}

async function connected(socket: Socket, event: string, signal: AbortSignal): Promise<Socket> {
  const leave = () => void socket.destroy();
  signal.addEventListener("abort", leave, { once: true });
  socket.once("close", () => signal.removeEventListener("abort", leave));
  socket.on("error", () => {}); // a reset is a valid reaction to abuse
  if (signal.aborted) leave();
  const limit = AbortSignal.timeout(CONNECT_MS);
  try {
    await once(socket, event, { signal: limit });
  } catch (error) {
    socket.destroy();
    const { code = "closed" } = error as NodeJS.ErrnoException;
    throw new Unreachable(limit.aborted ? "no connection in time" : code);
  }
  if (socket.destroyed) throw new Unreachable("closed");
  return socket;
}

/** Writes in chunks with backpressure; ends early if the connection ends. */
export async function write(socket: Socket, bytes: string | Buffer): Promise<void> {
  const all = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
  for (let at = 0; at < all.length && !socket.destroyed; at += CHUNK_BYTES) {
    if (socket.write(all.subarray(at, at + CHUNK_BYTES))) continue;
    await drained(socket);
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      socket.off("drain", end).off("close", end);
      resolve();
    };
    socket.on("drain", end).on("close", end);
    if (socket.destroyed) end();
  });
}

/** Sleeps; ends early without an error if the signal is aborted. */
export async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}

/** Opens several connections at once; omits those that fail. */
export async function openMany(
  count: number,
  open: () => Promise<Socket>,
): Promise<readonly Socket[]> {
  const opened = await Promise.allSettled(Array.from({ length: count }, open));
  return opened.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
}

/** Closes all sockets, half of them with a reset. */
export function closeAll(sockets: readonly Socket[], random: Random): void {
  for (const socket of sockets)
    if (random.next() < 0.5) socket.destroy();
    else reset(socket);
}

export function reset(socket: Socket): void {
  if (socket.destroyed) return;
  (PLAIN.get(socket) ?? socket).resetAndDestroy();
}
