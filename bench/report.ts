// Results as JSON, and the tables made from them.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import path from "node:path";
import { type Figures, higherIsBetter } from "./case.ts";
import { type Summary, summary } from "./stats.ts";

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
  /** Case → target → figure → its values, a value a round. */
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
    date: new Date().toISOString(),
    commit:
      git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain") ? " with changes" : ""),
    machine: {
      cpu: cpus()[0]?.model ?? "",
      cores: cpus().length,
      memoryGib: Math.round(totalmem() / 2 ** 30),
      node: process.version,
    },
    model: {
      name: path.basename(modelPath),
      bytes: statSync(modelPath).size,
      sha256: hash.digest("hex"),
    },
    rounds,
    options,
    cases: {},
  };
}

function git(...args: string[]): string {
  try {
    return execFileSync("git", args, { cwd: import.meta.dirname, encoding: "utf8" }).trim();
  } catch {
    return ""; // not a checkout
  }
}

export function addRound(
  results: Results,
  caseName: string,
  target: string,
  figures: Figures,
): void {
  results.cases[caseName] ??= {};
  const perTarget = results.cases[caseName];
  perTarget[target] ??= {};
  for (const [figure, value] of Object.entries(figures)) {
    perTarget[target][figure] ??= [];
    perTarget[target][figure].push(value);
  }
}

/** A table for each case: medians with their spread, and for two targets the ratio of the first to the second. */
export function toMarkdown(results: Results): string {
  const { machine, model, rounds, commit, date } = results;
  const head =
    `${model.name} (${(model.bytes / 1e6).toFixed(0)} MB), ${machine.cores} x ${machine.cpu}, Node ${machine.node}, ` +
    `commit ${commit}, ${date.slice(0, 10)}; medians of ${rounds} rounds [least - most]`;
  const tables = Object.entries(results.cases).map(([name, targets]) => table(name, targets));
  return [head, ...tables].join("\n\n");
}

function table(name: string, targets: Record<string, Record<string, number[]>>): string {
  const names = Object.keys(targets);
  const figures = [...new Set(names.flatMap((target) => Object.keys(targets[target] ?? {})))];
  const ratioHead = names.length === 2 ? [`${names[0]} / ${names[1]}`] : [];
  const rows = figures.map((figure) => {
    const summaries = names.map((target) => summary(targets[target]?.[figure] ?? []));
    const cells = summaries.map(
      (each) => `${short(each.median)} [${short(each.min)} - ${short(each.max)}]`,
    );
    return [figure, ...cells, ...(ratioHead.length > 0 ? [ratio(figure, summaries)] : [])];
  });
  const header = [`**${name}**`, ...names, ...ratioHead];
  return [header, header.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

function ratio(figure: string, [first, second]: readonly Summary[]): string {
  const value = (first?.median ?? Number.NaN) / (second?.median ?? Number.NaN);
  if (!Number.isFinite(value)) return "";
  const isBetter = higherIsBetter(figure) ? value >= 1 : value <= 1;
  return `${value.toFixed(2)}${isBetter ? "" : " (worse)"}`;
}

function short(value: number): string {
  if (!Number.isFinite(value)) return "-";
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(1);
}

/** The second run beside the first: the same tables, with the two files as targets. */
export function compare(before: Results, after: Results): string {
  const cases: Results["cases"] = {};
  for (const [name, targets] of Object.entries(after.cases)) {
    for (const [target, figures] of Object.entries(targets)) {
      const earlier = before.cases[name]?.[target];
      if (earlier) cases[`${name}, ${target}`] = { after: figures, before: earlier };
    }
  }
  return toMarkdown({ ...after, commit: `${after.commit} after ${before.commit}`, cases });
}
