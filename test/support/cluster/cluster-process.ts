// A real `sluice node` or `sluice gateway`, which can be killed, stopped and started again.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { BUNDLED_MAIN } from "../engines/bundled-programs.ts";
import { childrenOf, isRunning, startOf } from "../processes.ts";
import { freePort } from "../programs/free-port.ts";

const POLL_MS = 20;
const START_MS = 60_000;
const ERROR_LEVEL = 50;

export type LogLine = { readonly level: number; readonly msg: string } & Readonly<
  Record<string, unknown>
>;

export type ProcessOptions = {
  readonly command: "node" | "gateway";
  /** Beside --host, --port and --log-format. */
  readonly flags: readonly string[];
  /** Default: the bundle that the tests use. */
  readonly main?: string;
};

const living = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of living) child.kill("SIGKILL");
});

export class ClusterProcess {
  readonly url: string;
  /** The lines of all its lives. */
  readonly log: LogLine[] = [];
  #lifeStart = 0;
  /** Errors in the log, and output on standard error. */
  readonly complaints: string[] = [];
  readonly #program: string;
  readonly #args: readonly string[];
  #child: ChildProcess | null = null;
  /** Every process that it has started, and when: a worker must not outlive it. */
  readonly #workers = new Map<number, string>();

  /** Starts it, and does not wait until it is ready. */
  static async start({
    command,
    flags,
    main = BUNDLED_MAIN,
  }: ProcessOptions): Promise<ClusterProcess> {
    const port = await freePort();
    const own = ["--host", "127.0.0.1", "--port", String(port), "--log-format", "json"];
    const started = new ClusterProcess(port, main, [command, ...own, ...flags]);
    started.start();
    return started;
  }

  private constructor(port: number, program: string, args: readonly string[]) {
    this.url = `http://127.0.0.1:${port}`;
    this.#program = program;
    this.#args = args;
  }

  /** 0 if it is not running. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** The lines of its current life. */
  get lifeLog(): readonly LogLine[] {
    return this.log.slice(this.#lifeStart);
  }

  start(): void {
    this.#lifeStart = this.log.length;
    const child = spawn(process.execPath, [this.#program, ...this.#args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    living.add(child);
    child.once("exit", () => {
      living.delete(child);
      if (this.#child === child) this.#child = null;
    });
    createInterface({ input: child.stdout }).on("line", (text) => this.#onLine(text));
    createInterface({ input: child.stderr }).on("line", (text) =>
      this.complaints.push(`stderr: ${text}`),
    );
  }

  /** @param path `/ready`, or `/health` for one that stands by. @throws Error if it ends or takes too long */
  async until200(path = "/ready"): Promise<void> {
    const endMs = performance.now() + START_MS;
    while ((await this.#statusOf(path)) !== 200) {
      if (!this.#child) throw new Error(`it has ended: ${this.#lastLines()}`);
      if (performance.now() > endMs)
        throw new Error(`${path} is not 200 after ${START_MS} ms: ${this.#lastLines()}`);
      await sleep(POLL_MS);
    }
  }

  async isReady(): Promise<boolean> {
    return (await this.#statusOf("/ready")) === 200;
  }

  /** As if the machine had lost its power: without a word. Its workers must end by themselves. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** As an operator stops it. @returns its exit code */
  async stop(): Promise<number | null> {
    return this.#end("SIGTERM");
  }

  /** It computes nothing until `resume`; nor do its workers, unless they are left out. */
  pause({ withWorkers = true } = {}): void {
    this.#signal("SIGSTOP", withWorkers);
  }

  resume(): void {
    this.#signal("SIGCONT", true);
  }

  /** Worker processes of all its lives that are still running. */
  get workers(): readonly number[] {
    this.#noteWorkers();
    return [...this.#workers.keys()].filter((pid) => this.#isWorker(pid));
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (!child) return null;
    this.#noteWorkers(); // a killed one cannot be asked
    const exited = once(child, "exit");
    child.kill(signal);
    child.kill("SIGCONT"); // one that was stopped would not see SIGTERM
    for (const pid of this.workers) process.kill(pid, "SIGCONT");
    await exited;
    return child.exitCode;
  }

  #signal(signal: NodeJS.Signals, withWorkers: boolean): void {
    const { pid } = this;
    if (pid === 0) return;
    if (withWorkers) for (const worker of childrenOf(pid)) process.kill(worker.pid, signal);
    process.kill(pid, signal);
  }

  #noteWorkers(): void {
    if (!this.pid || !isRunning(this.pid)) return;
    for (const { pid } of childrenOf(this.pid)) this.#workers.set(pid, startOf(pid) ?? "");
  }

  #isWorker(pid: number): boolean {
    return isRunning(pid) && startOf(pid) === this.#workers.get(pid);
  }

  #onLine(text: string): void {
    if (!text.startsWith("{")) return; // the banner
    const line = JSON.parse(text) as LogLine;
    this.log.push(line);
    if (line.level >= ERROR_LEVEL || line.msg === "bug")
      this.complaints.push(`log: ${text.slice(0, 2_000)}`);
  }

  async #statusOf(path: string): Promise<number> {
    try {
      const response = await fetch(this.url + path, { signal: AbortSignal.timeout(1_000) });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return 0;
    }
  }

  #lastLines(): string {
    const lines = this.log.slice(-3).map((line) => JSON.stringify(line));
    return [...lines, ...this.complaints.slice(-5)].join("\n");
  }
}
