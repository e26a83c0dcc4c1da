// The server that the examples ask: as it is built, with the built-in model, on a free port.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";

export const ROOT = path.resolve(import.meta.dirname, "../..");
const START_MS = 60_000;
/** Heartbeats in quick succession: dead connections are noticed soon. */
const FLAGS = ["--port", "0", "--gpu", "off", "--heartbeat", "1", "--log-format", "json"];

export type Server = {
  readonly url: string;
  readonly stop: () => Promise<void>;
};

/** @throws Error when it does not come up */
export async function startServer(flags: readonly string[] = []): Promise<Server> {
  const child = spawn(process.execPath, ["dist/main.js", ...FLAGS, ...flags], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  const timer = setTimeout(kill, START_MS);
  const url = await readUrl(child);
  clearTimeout(timer);
  const stop = async () => {
    const exited = child.exitCode === null ? once(child, "exit") : null;
    child.kill("SIGTERM");
    await exited;
  };
  return { url, stop };
}

/** Goes on reading its log after that, so that it is never held up. */
function readUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error("the server did not start")));
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { msg, url } = JSON.parse(line) as { msg: string; url?: string };
      if (msg === "ready" && url) resolve(url);
    });
  });
}

export async function slotsBusy(url: string): Promise<number> {
  const ready = (await (await fetch(`${url}/ready`)).json()) as { slots_busy: number };
  return ready.slots_busy;
}

/** How many requests ended so since the server started: `aborted`, their client left; `cancelled`, stopped from outside. */
export async function countEnded(url: string, outcome: "aborted" | "cancelled"): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.matchAll(/^sluice_requests_total\{.*outcome="([^"]+)".*\} (\d+)$/gm);
  const counts = [...lines].filter(([, each]) => each === outcome);
  return counts.reduce((sum, [, , count]) => sum + Number(count), 0);
}
