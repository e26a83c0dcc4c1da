// Starts the real nats-server on a free port, with JetStream in a temporary folder.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findProgram } from "../programs/debian-program.ts";
import { freePort } from "../programs/free-port.ts";

const POLL_MS = 20;
const START_MS = 20_000;

const unpackFolder = mkdtempSync(path.join(tmpdir(), "sluice-nats-package-"));
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  rmSync(unpackFolder, { recursive: true, force: true });
});

/** Null, with a warning, if nats-server is not available here. */
export const NATS_SERVER = findProgram({
  name: "nats-server",
  file: "usr/sbin/nats-server",
  versionFlag: "--version",
  folder: unpackFolder,
});

export type RunningNats = {
  /** The same after a restart. */
  readonly url: string;
  readonly port: number;
  /** Null while it does not run. */
  readonly pid: number | null;
  /** What it has logged so far. */
  log(): string;
  /** Ends it at once. Its connections are closed. */
  kill(): Promise<void>;
  /** Starts it again, after `kill`. */
  start(): Promise<void>;
  /** Stops it without closing its connections, until `resume`. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
};

export type NatsServerOptions = {
  /** More flags. */
  readonly flags?: readonly string[];
  /** A configuration file, which says whether there is JetStream. */
  readonly config?: string;
  /** More variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** False for a server without JetStream. */
  readonly hasJetStream?: boolean;
  /** Default: a free one. */
  readonly port?: number;
};

/** @throws Error if it does not start */
export async function startNats({
  flags = [],
  config,
  env = {},
  hasJetStream = config === undefined,
  port: wanted,
}: NatsServerOptions = {}): Promise<RunningNats> {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-nats-"));
  const port = wanted ?? (await freePort());
  const jetStream = hasJetStream ? ["-js", "-sd", folder] : [];
  const file = config === undefined ? [] : ["-c", config];
  const args = ["-a", "127.0.0.1", "-p", String(port), ...file, ...jetStream, ...flags];
  let child: ChildProcess | null = null;
  let log = "";
  const kill = async () => {
    const ending = child;
    child = null;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const exited = once(ending, "exit");
    ending.kill("SIGKILL");
    await exited;
  };
  const start = async () => {
    const started = spawn(NATS_SERVER ?? "nats-server", args, {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, ...env },
    });
    started.stderr.on("data", (bytes) => (log += bytes));
    child = started;
    running.add(started);
    started.once("exit", () => running.delete(started));
    const endMs = performance.now() + START_MS;
    while (!(await listens(port))) {
      if (started.exitCode !== null) throw new Error(`nats-server ended: ${log}`);
      if (performance.now() > endMs) throw new Error(`nats-server does not listen: ${log}`);
      await sleep(POLL_MS);
    }
  };
  await start();
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    get pid() {
      return child?.pid ?? null;
    },
    log: () => log,
    kill,
    start,
    pause: () => void child?.kill("SIGSTOP"),
    resume: () => void child?.kill("SIGCONT"),
    close: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  return new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  }).finally(() => socket.destroy());
}
