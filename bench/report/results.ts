// The results file: JSON with everything needed to judge and repeat a run.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import path from "node:path";
import type { Figures } from "../../src/bench/case.ts";

export type Results = {
  readonly date: string;
  readonly commit: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGib: number;
    readonly node: string;
  };
  readonly model: { readonly name: string; readonly bytes: number; readonly sha256: string };
  readonly rounds: number;
  readonly options: object;
  /** Rounds without figures, with the reason. */
  readonly failures: string[];
  /** Case → column → figure → one value per round. */
  readonly cases: Record<string, Record<string, Record<string, number[]>>>;
};

export async function emptyResults(
  modelPath: string,
  rounds: number,
  options: object,
): Promise<Results> {
  const hash = createHash("sha256");
  for await (const bytes of createReadStream(modelPath)) hash.update(bytes);
  return {
    ...circumstances(),
    model: {
      name: path.basename(modelPath),
      bytes: statSync(modelPath).size,
      sha256: hash.digest("hex"),
    },
    rounds,
    options,
    failures: [],
    cases: {},
  };
}

/** When, where and of which commit something is measured. */
export function circumstances(): Pick<Results, "date" | "commit" | "machine"> {
  return {
    date: new Date().toISOString(),
    commit:
      git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain") ? " with changes" : ""),
    machine: {
      cpu: cpus()[0]?.model ?? "",
      cores: cpus().length,
      memoryGib: Math.round(totalmem() / 2 ** 30),
      node: process.version,
    },
  };
}

function git(...args: string[]): string {
  try {
    const stdio = ["ignore", "pipe", "ignore"] as const;
    return execFileSync("git", args, {
      cwd: import.meta.dirname,
      encoding: "utf8",
      stdio: [...stdio],
    }).trim();
  } catch {
    return ""; // not a Git checkout
  }
}

/** Skips figures that could not be measured (NaN). */
export function addRound(
  results: Results,
  caseName: string,
  column: string,
  figures: Figures,
): void {
  results.cases[caseName] ??= {};
  const columns = results.cases[caseName];
  columns[column] ??= {};
  for (const [figure, value] of Object.entries(figures)) {
    if (!Number.isFinite(value)) continue;
    columns[column][figure] ??= [];
    columns[column][figure].push(Math.round(value * 1000) / 1000);
  }
}

/** Writes the values of each figure on one line. */
export function toJson(results: Results): string {
  const json = JSON.stringify(results, null, 2);
  return `${json.replace(/\[\s+([-\d.,\s]+?)\s+\]/g, (_, values: string) => `[${values.replace(/\s+/g, " ")}]`)}\n`;
}
