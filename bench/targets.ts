// The servers under test: Sluice, started here from dist/, and whatever --target names.

import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Target } from "./case.ts";

const MAIN = path.join(import.meta.dirname, "../dist/main.js");
const START_TIMEOUT_MS = 120_000;

export type StartOptions = {
  readonly modelPath: string;
  readonly slots: number;
  readonly contextTokens: number;
  readonly threads: number | null;
};

export type StartedTarget = { readonly target: Target; readonly stop: () => void };

/** Starts Sluice on a free port, with a queue that takes a crowd. */
export async function startSluice(options: StartOptions): Promise<StartedTarget> {
  const args = [
    ...["--port", "0", "--gpu", "off", "--queue", "1000", "--log-format", "json"],
    ...["--model", options.modelPath, "--slots", options.slots, "--context", options.contextTokens],
    ...(options.threads === null ? [] : ["--threads", options.threads]),
  ].map(String);
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), START_TIMEOUT_MS);
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const { msg, url, model } = JSON.parse(line) as { msg: string; url: string; model: string };
    if (msg !== "ready") continue;
    clearTimeout(timer);
    child.stdout.resume(); // nobody reads its log from here on
    const target = { name: "sluice", url, model, pid: child.pid ?? null };
    return { target, stop: () => child.kill("SIGKILL") };
  }
  throw new Error("sluice did not start: run `npm run build`, and see the messages above");
}

/** @param given `name=url` */
export async function findTarget(given: string): Promise<Target> {
  const [name = "", ...rest] = given.split("=");
  const url = rest.join("=").replace(/\/(v1\/?)?$/, "");
  if (!/^https?:\/\//.test(url))
    throw new Error(`--target is ${given}: allowed is name=http://host:port`);
  const response = await fetch(`${url}/v1/models`, { headers: { authorization: "Bearer none" } });
  const { data } = (await response.json()) as { data: { id: string }[] };
  return { name, url, model: data[0]?.id ?? "", pid: null };
}
