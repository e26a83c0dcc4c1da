// All open connections and their limit, and the order of the answers on each: Node hands over a socket for an upgrade while earlier answers
// may still be in progress. Used by http-server.ts and websocket.ts; http-servers.ts closes what is left.

import type { Server, ServerResponse } from "node:http";
import { Server as TlsServer } from "node:https";
import type { Socket } from "node:net";
import type { Logger } from "pino";
import { onceAMinute } from "./once-a-minute.ts";

export type HttpServer = Server | TlsServer;

type Listener = (...args: unknown[]) => void;
type Waiting = { readonly socket: Socket; readonly head: Buffer };
type Stalling = { readonly taken: number; readonly sinceMs: number };

/** Limit of pipelined requests on one connection. A client that sends more does not read the answers. */
const MAX_UNANSWERED = 32;

export type ConnectionsOptions = {
  /** Limit of the connections of all servers together; further ones are closed at once. */
  readonly maxConnections: number;
  /** A client that reads nothing of an answer for this time is disconnected. */
  readonly stallTimeoutMs: number;
  readonly log: Logger;
};

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #logRefused: () => void;
  readonly #timer: NodeJS.Timeout;
  /** The accepted ones. With TLS, `#open` has two sockets for each. */
  #accepted = 0;
  readonly #open = new Set<Socket>();
  readonly #latest = new WeakMap<Socket, ServerResponse>();
  readonly #unanswered = new WeakMap<Socket, number>();
  readonly #drainListeners = new WeakMap<Socket, readonly Listener[]>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#logRefused = onceAMinute(() =>
      options.log.warn(
        { connections: options.maxConnections },
        "new connections are refused: the limit --max-connections is reached",
      ),
    );
    const waiting = new WeakMap<Socket, Stalling>();
    const intervalMs = Math.max(50, options.stallTimeoutMs / 4);
    this.#timer = setInterval(() => this.#closeStalled(waiting), intervalMs).unref();
  }

  /** Must be called once for each server, before it listens. */
  follow(server: HttpServer): void {
    server.on("connection", (socket: Socket) => this.#accept(socket));
    server.on(connectionEvent(server), (socket: Socket) => {
      this.#add(socket); // with TLS this is another socket
      this.#drainListeners.set(socket, socket.listeners("drain") as Listener[]);
    });
  }

  /** Registers the answer to a request that was just read. @returns false if too many are unanswered */
  begin(res: ServerResponse): boolean {
    const { socket } = res.req;
    const unanswered = (this.#unanswered.get(socket) ?? 0) + 1;
    if (unanswered > MAX_UNANSWERED) return false;
    this.#latest.set(socket, res);
    this.#unanswered.set(socket, unanswered);
    res.once("close", () => this.#unanswered.set(socket, (this.#unanswered.get(socket) ?? 1) - 1));
    return true;
  }

  /** The answer to the last request that was read from the socket. */
  latest(socket: Socket): ServerResponse | undefined {
    return this.#latest.get(socket);
  }

  /**
   * Calls back when all earlier answers have been sent, with `head` and everything read meanwhile (at most the rest of one
   * chunk). Does not call back if the connection closes first. The socket is paused then.
   */
  whenAnswered({ socket, head }: Waiting, then: (head: Buffer) => void): void {
    const last = this.#latest.get(socket);
    const chunks = [head];
    const keep = (chunk: Buffer) => {
      chunks.push(chunk);
      socket.pause();
    };
    socket.pause();
    if (!last || last.closed) return then(head);
    // Node may resume a socket that it had paused because of earlier answers. Its bytes are kept then.
    socket.on("data", keep);
    // A half-closed connection counts as a disconnect, as for all requests.
    const onEnd = () => void socket.end();
    socket.once("end", onEnd);
    // Node removed its "drain" listeners for the upgrade, but earlier answers still need them to continue.
    const onDrain = this.#drainListeners.get(socket) ?? [];
    for (const listener of onDrain) socket.on("drain", listener);
    last.once("close", () => {
      socket.off("data", keep).off("end", onEnd);
      for (const listener of onDrain) socket.off("drain", listener);
      if (!socket.writable) return;
      socket.setTimeout(0); // Node has just set the idle timeout
      socket.pause();
      // Node may have stopped reading because of earlier answers, and removed the listener that would restart it.
      socket._read(0);
      then(Buffer.concat(chunks));
    });
  }

  /** Includes upgraded connections, which Node's `closeAllConnections()` leaves open. */
  destroyAll(): void {
    for (const socket of this.#open) socket.destroy();
  }

  /** Ends the search for stalled connections. */
  close(): void {
    clearInterval(this.#timer);
  }

  /** Closes connections that stall on any answer. Streams also have a stricter check. */
  #closeStalled(waiting: WeakMap<Socket, Stalling>): void {
    const nowMs = performance.now();
    for (const socket of this.#open) {
      const { writableLength: bytes, bytesWritten } = socket;
      const taken = bytesWritten - bytes; // over TLS a frame of the same size may wait at every look
      const before = waiting.get(socket);
      if (bytes === 0) waiting.delete(socket);
      else if (before?.taken !== taken) waiting.set(socket, { taken, sinceMs: nowMs });
      else if (nowMs - before.sinceMs >= this.#options.stallTimeoutMs) socket.destroy();
    }
  }

  /** Node's own limit would hold for each server by itself. */
  #accept(socket: Socket): void {
    if (this.#open.has(socket)) return; // emitted again by unwanted-upgrade.ts
    this.#add(socket);
    this.#accepted += 1;
    socket.once("close", () => (this.#accepted -= 1));
    if (this.#accepted <= this.#options.maxConnections) return;
    socket.destroy();
    this.#logRefused();
  }

  #add(socket: Socket): void {
    if (this.#open.has(socket)) return; // emitted again by unwanted-upgrade.ts
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
    // Without a listener an error would end the process, and Node removes its own during an upgrade. "close" follows.
    socket.on("error", () => {});
  }
}

/** The event to emit so that the server takes over a connection which it did not accept itself. */
export function connectionEvent(server: HttpServer): "connection" | "secureConnection" {
  return server instanceof TlsServer ? "secureConnection" : "connection";
}
