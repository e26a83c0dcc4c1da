// Measures the longest GET /health while another request is running, which shows how long the event loop is blocked.

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

  /** @returns the longest time in ms since the last call */
  async longestMs(): Promise<number> {
    this.#thread.postMessage("report");
    const [longestMs] = await once(this.#thread, "message");
    return longestMs;
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}
