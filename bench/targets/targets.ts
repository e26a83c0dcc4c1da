// The servers under test: Sluice, started from dist/, and those named with --target.

import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Target } from "../../src/bench/case.ts";
import { listedModels } from "../../src/bench/listed-models.ts";
import { BenchError } from "../bench-error.ts";

const MAIN = path.join(import.meta.dirname, "../../dist/main.js");
const GC_ON_SIGNAL = path.join(import.meta.dirname, "gc-on-signal.mjs");
const START_TIMEOUT_MS = 120_000;
/** Repeated in every chunk, so that an unread stream fills its socket (some megabytes on loopback) within fifty tokens. */
const BULK = "x".repeat(100_000);

export type SluiceOptions = {
  readonly modelPath: string;
  readonly slots: number;
  readonly contextTokens: number;
  /** Null for Sluice's default. */
  readonly threads: number | null;
};

export type Variant = { readonly name: string; readonly flags: readonly string[] };

export type StartedTarget = { readonly target: Target; readonly stop: () => void };

/**
 * Starts Sluice on a free port with a long queue. `flags` come last, so they override other flags.
 * @throws BenchError if it ends before it is ready
 */
export async function startSluice(
  options: SluiceOptions,
  { name, flags }: Variant,
): Promise<StartedTarget> {
  const id = path.basename(options.modelPath, ".gguf");
  const bulkyModel = `${id}-${BULK}`;
  const args = [
    "--expose-gc",
    "--import",
    GC_ON_SIGNAL,
    MAIN,
    "--port",
    "0",
    "--gpu",
    "off",
    "--queue",
    "1000",
    "--log-format",
    "json",
    "--model",
    options.modelPath,
    "--slots",
    options.slots,
    "--context",
    options.contextTokens,
    "--alias",
    id,
    "--alias",
    bulkyModel,
    ...(options.threads === null ? [] : ["--threads", options.threads]),
    ...flags,
  ].map(String);
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), START_TIMEOUT_MS);
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const { msg, url, model } = JSON.parse(line) as { msg: string; url: string; model: string };
      if (msg !== "ready") continue;
      child.stdout.resume(); // the rest of its log is discarded
      const pid = child.pid ?? null;
      const target = { name, url, model, apiKey: null, pid, isSluice: true, bulkyModel };
      return { target, stop: () => child.kill("SIGKILL") };
    }
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  } finally {
    clearTimeout(timer);
  }
  throw new BenchError(`${name} did not start; see its message above, or run \`npm run build\``);
}

/** @throws BenchError if no server answers at the URL */
export async function findTarget(name: string, base: string, pid: number | null): Promise<Target> {
  const url = base.replace(/\/(v1\/?)?$/, "");
  try {
    const [model = ""] = await listedModels({ url, apiKey: null });
    return { name, url, model, apiKey: null, pid, isSluice: false, bulkyModel: null };
  } catch (error) {
    throw new BenchError(`--target ${name}: ${(error as Error).message}`);
  }
}
