// Checks that the client of a WebSocket still reads: only a client that has read a ping can return its payload. Messages that
// it sends by itself prove nothing.

import { randomUUID } from "node:crypto";
import type { WebSocket } from "ws";

export type LivenessOptions = {
  readonly socket: Pick<WebSocket, "ping" | "terminate">;
  /** A client that does not answer for this time is disconnected. */
  readonly stallTimeoutMs: number;
};

export class SocketLiveness {
  readonly #options: LivenessOptions;
  /** The payload of the unanswered ping; null if there is none. */
  #ping: string | null = null;
  #heardAtMs = performance.now();

  constructor(options: LivenessOptions) {
    this.#options = options;
  }

  /** Something else has shown that the client reads. */
  heard(): void {
    this.#heardAtMs = performance.now();
  }

  hearPong(text: string): void {
    if (text !== this.#ping) return;
    this.#ping = null;
    this.heard();
  }

  /** Must be called regularly. */
  check(): void {
    const { socket, stallTimeoutMs } = this.#options;
    if (performance.now() - this.#heardAtMs > stallTimeoutMs) return socket.terminate();
    if (this.#ping !== null) return;
    this.#ping = randomUUID();
    socket.ping(this.#ping);
  }
}
