// Looks at the server while the run goes on: whether it answers at once, and what it holds.

import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { Sample } from "../report/samples.ts";
import { collectGarbage, holdingsOf, type Metrics, metricsIn, type SoakServer } from "../server.ts";

/** One look at /health. */
export type Probe = {
  readonly atMs: number;
  /** Until the answer. */
  readonly ms: number;
  /** How much of that neither the server nor this process could do anything about: they waited for a CPU. */
  readonly starvedMs: number;
  /** What is wrong with it, or null. */
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

  /** Of what is in use: it collects garbage first. Null where the server has ended, or does not answer. */
  async look(): Promise<(Sample & Metrics) | null> {
    const { server, now } = this.#options;
    try {
      collectGarbage(server.pid);
      const metrics = await this.metrics();
      const sample = { ...holdingsOf(server.pid), ...metrics, atMs: now() };
      this.samples.push(sample);
      return sample;
    } catch {
      return null;
    }
  }

  async metrics(): Promise<Metrics> {
    return metricsIn((await this.ask("/metrics")).text);
  }

  /** With the key that sees everything, unless another one is given. A GET where there is no body. */
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
        ({ status }) => (status === 200 ? null : `/health is answered with ${status}`),
        (error: Error) => `/health is not answered: ${error.message}`,
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

/** How long the thread that answers was ready to run, and did not. 0 where the system does not tell. */
function cpuWaitMs(pid: number): number {
  try {
    const [, waited = "0"] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8").split(" ");
    return Number(waited) / 1_000_000;
  } catch {
    return 0;
  }
}

/** How late this process is itself: only what it was just before an answer is read is part of that answer's time. */
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
