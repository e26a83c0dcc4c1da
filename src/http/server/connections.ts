// All connections of the server, and their turns: Node hands a socket over for an upgrade while answers to earlier requests
// may still be on their way. Used by http-server.ts, websocket.ts, and at the end by service.ts.

import type { Server, ServerResponse } from "node:http";
import { Server as TlsServer } from "node:https";
import type { Socket } from "node:net";

export type HttpServer = Server | TlsServer;

type Listener = (...args: unknown[]) => void;
type Waiting = { readonly socket: Socket; readonly head: Buffer };

/** Requests of one connection that have no whole answer yet: a client that sends more does not want the answers. */
const MOST_UNANSWERED = 32;

export class Connections {
  readonly #open = new Set<Socket>();
  readonly #latest = new WeakMap<Socket, ServerResponse>();
  readonly #unanswered = new WeakMap<Socket, number>();
  readonly #drainListeners = new WeakMap<Socket, readonly Listener[]>();

  /** To be called once, before the server listens. @param stallTimeoutMs a client that takes nothing of what waits is cut off */
  follow(server: HttpServer, stallTimeoutMs: number): void {
    this.#watchStalls(server, stallTimeoutMs);
    server.on("connection", (socket: Socket) => this.#add(socket));
    server.on(connectionEvent(server), (socket: Socket) => {
      this.#add(socket); // over TLS it is another one
      this.#drainListeners.set(socket, socket.listeners("drain") as Listener[]);
    });
  }

  /** A request was read; its answer comes after those to all earlier ones. @returns whether it may be answered */
  begin(res: ServerResponse): boolean {
    const { socket } = res.req;
    const unanswered = (this.#unanswered.get(socket) ?? 0) + 1;
    if (unanswered > MOST_UNANSWERED) return false;
    this.#latest.set(socket, res);
    this.#unanswered.set(socket, unanswered);
    res.once("close", () => this.#unanswered.set(socket, (this.#unanswered.get(socket) ?? 1) - 1));
    return true;
  }

  /** The answer to the last request that was read. */
  latest(socket: Socket): ServerResponse | undefined {
    return this.#latest.get(socket);
  }

  /**
   * Calls back when the answers to all earlier requests have been sent, with `head` and what was read meanwhile; never when
   * the connection ends before that. Until then no more than the rest of a chunk is read. The socket is handed on paused.
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
    // Node resumes a socket that it has paused for the sake of earlier answers, and then its bytes must go somewhere.
    socket.on("data", keep);
    // A client that half-closes has left, as everywhere.
    const onEnd = () => void socket.end();
    socket.once("end", onEnd);
    // Node has taken its own listener away, but without it an earlier answer never hears that its client reads again.
    const onDrain = this.#drainListeners.get(socket) ?? [];
    for (const listener of onDrain) socket.on("drain", listener);
    last.once("close", () => {
      socket.off("data", keep).off("end", onEnd);
      for (const listener of onDrain) socket.off("drain", listener);
      if (!socket.writable) return;
      socket.setTimeout(0); // Node has just set that of an idle connection
      socket.pause();
      // Node may have stopped its reading for the sake of earlier answers, and took away the listener that starts it again.
      socket._read(0);
      then(Buffer.concat(chunks));
    });
  }

  /** Upgraded ones too, which the server's own `closeAllConnections()` does not know. */
  destroyAll(): void {
    for (const socket of this.#open) socket.destroy();
  }

  /** The handlers of streams look closer, and sooner; this is for every other answer. */
  #watchStalls(server: HttpServer, stallTimeoutMs: number): void {
    const waiting = new WeakMap<Socket, { readonly taken: number; readonly sinceMs: number }>();
    const look = () => {
      const nowMs = performance.now();
      for (const socket of this.#open) {
        const { writableLength: bytes, bytesWritten } = socket;
        const taken = bytesWritten - bytes; // over TLS a frame of the same size may wait at every look
        const before = waiting.get(socket);
        if (bytes === 0) waiting.delete(socket);
        else if (before?.taken !== taken) waiting.set(socket, { taken, sinceMs: nowMs });
        else if (nowMs - before.sinceMs >= stallTimeoutMs) socket.destroy();
      }
    };
    const timer = setInterval(look, Math.max(50, stallTimeoutMs / 4));
    timer.unref();
    server.once("close", () => clearInterval(timer));
  }

  #add(socket: Socket): void {
    if (this.#open.has(socket)) return; // it was emitted again, to be read once more
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
    // A lost connection is told by its close. Node's own listener is away while a socket changes hands.
    socket.on("error", () => {});
  }
}

/** The event with which a server of this kind takes a connection that it has not accepted itself. */
export function connectionEvent(server: HttpServer): "connection" | "secureConnection" {
  return server instanceof TlsServer ? "secureConnection" : "connection";
}
