// Whether the client of a WebSocket still reads: only a client that has read a ping can answer what stands in it. What it sends
// by itself says nothing.

import { randomUUID } from "node:crypto";
import type { WebSocket } from "ws";

export type LivenessOptions = {
  readonly socket: Pick<WebSocket, "ping" | "terminate">;
  /** A client that does not answer for so long is cut off. */
  readonly stallTimeoutMs: number;
};

export class SocketLiveness {
  readonly #options: LivenessOptions;
  /** What the last ping has in it; null when it was answered. */
  #ping: string | null = null;
  #heardAtMs = performance.now();

  constructor(options: LivenessOptions) {
    this.#options = options;
  }

  /** It reads, as can be seen otherwise. */
  heard(): void {
    this.#heardAtMs = performance.now();
  }

  hearPong(text: string): void {
    if (text !== this.#ping) return;
    this.#ping = null;
    this.heard();
  }

  /** To be called again and again. */
  check(): void {
    const { socket, stallTimeoutMs } = this.#options;
    if (performance.now() - this.#heardAtMs > stallTimeoutMs) return socket.terminate();
    if (this.#ping !== null) return;
    this.#ping = randomUUID();
    socket.ping(this.#ping);
  }
}
