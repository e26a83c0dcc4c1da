// Observes the server during the run: whether it answers at once, and its resources.

import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { Sample } from "../report/samples.ts";
import {
  collectGarbage,
  type Metrics,
  metricsIn,
  resourceUseOf,
  type SoakServer,
} from "../server.ts";

/** One request to /health. */
export type Probe = {
  readonly atMs: number;
  /** Time until the answer. */
  readonly ms: number;
  /** The part of that time in which the server or this process waited for a CPU. */
  readonly starvedMs: number;
  /** What is wrong with the answer, or null. */
  readonly fault: string | null;
};

type WatcherOptions = {
  readonly server: SoakServer;
  readonly key: string;
  readonly ca: Buffer;
  readonly now: () => number;
};

type Asked = { readonly key?: string; readonly body?: object | null };
type Page = { readonly status: number; readonly text: string };

const PROBE_EVERY_MS = 100;
const PROBE_MS = 60_000;
const LAG_EVERY_MS = 20;
const ADDRESS = "127.0.0.5";

export class Watcher {
  readonly probes: Probe[] = [];
  readonly samples: Sample[] = [];
  readonly #options: WatcherOptions;
  readonly #agent: Agent;
  readonly #lag = new Lag();
  #probing: Promise<void> | null = null;
  #isOver = false;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true });
  }

  begin(): void {
    this.#lag.begin();
    this.#probing = this.#probe();
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#probing;
    this.#lag.end();
    this.#agent.destroy();
  }

  /** Samples the server after a garbage collection. Null if the server has ended or does not answer. */
  async look(): Promise<(Sample & Metrics) | null> {
    const { server, now } = this.#options;
    try {
      collectGarbage(server.pid);
      const metrics = await this.metrics();
      const sample = { ...resourceUseOf(server.pid), ...metrics, atMs: now() };
      this.samples.push(sample);
      return sample;
    } catch {
      return null;
    }
  }

  async metrics(): Promise<Metrics> {
    return metricsIn((await this.ask("/metrics")).text);
  }

  /** Sends a request, by default with the key that has all scopes; a GET if there is no body. */
  ask(path: string, { key = this.#options.key, body = null }: Asked = {}): Promise<Page> {
    const { server, ca } = this.#options;
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const signal = AbortSignal.timeout(PROBE_MS);
    const method = body === null ? "GET" : "POST";
    const options = { method, ca, headers, localAddress: ADDRESS, agent: this.#agent, signal };
    return new Promise((resolve, reject) => {
      const asking = request(new URL(path, server.url), options, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (more: string) => (text += more));
        response.once("end", () => resolve({ status: response.statusCode ?? 0, text }));
        response.once("error", reject);
      });
      asking.on("error", reject);
      asking.end(body === null ? undefined : JSON.stringify(body));
    });
  }

  async #probe(): Promise<void> {
    const { server, now } = this.#options;
    while (!this.#isOver && !server.isGone()) {
      const [atMs, waitedMs] = [now(), cpuWaitMs(server.pid)];
      const fault = await this.ask("/health").then(
        ({ status }) => (status === 200 ? null : `/health answered ${status}`),
        (error: Error) => `/health did not answer: ${error.message}`,
      );
      const ms = now() - atMs;
      const starvedMs = Math.min(
        ms,
        Math.max(0, cpuWaitMs(server.pid) - waitedMs) + this.#lag.since(2 * LAG_EVERY_MS),
      );
      if (!server.isGone()) this.probes.push({ atMs, ms, starvedMs, fault });
      await sleep(Math.max(0, PROBE_EVERY_MS - ms));
    }
  }
}

/** How long the main thread was ready to run but had no CPU. 0 if the system does not report it. */
function cpuWaitMs(pid: number): number {
  try {
    const [, waited = "0"] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8").split(" ");
    return Number(waited) / 1_000_000;
  } catch {
    return 0;
  }
}

/** Measures how late this process itself is. Only delays right before an answer is read count for that answer. */
class Lag {
  #timer: NodeJS.Timeout | null = null;
  #late: (readonly [atMs: number, lateMs: number])[] = [];

  begin(): void {
    let dueMs = performance.now() + LAG_EVERY_MS;
    this.#timer = setInterval(() => {
      const now = performance.now();
      if (now - dueMs > LAG_EVERY_MS) this.#late.push([now, now - dueMs]);
      if (this.#late.length > 1_000) this.#late = this.#late.slice(-100);
      dueMs = now + LAG_EVERY_MS;
    }, LAG_EVERY_MS);
  }

  end(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  since(ms: number): number {
    const fromMs = performance.now() - ms;
    return this.#late.reduce((sum, [atMs, lateMs]) => sum + (atMs >= fromMs ? lateMs : 0), 0);
  }
}
