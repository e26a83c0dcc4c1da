// How long GET /health takes at most while something else is asked: the silence of the server's event loop.

import { once } from "node:events";
import path from "node:path";
import { Worker } from "node:worker_threads";

const PROGRAM = path.join(import.meta.dirname, "health-thread.mjs");

export class HealthWatch {
  readonly #thread: Worker;

  constructor(url: string) {
    this.#thread = new Worker(PROGRAM, { workerData: url });
    this.#thread.unref();
  }

  /** @returns the longest time in ms since this was asked last */
  async longestMs(): Promise<number> {
    this.#thread.postMessage("how long?");
    const [longestMs] = await once(this.#thread, "message");
    return longestMs;
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}
