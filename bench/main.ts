// `npm run bench`: runs the same cases on Sluice and other OpenAI-compatible servers in alternation, and writes JSON and
// Markdown. The machine should run nothing else.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { SingleBar } from "cli-progress";
import type { Target } from "../src/bench/case.ts";
import { type Progress, runCases } from "../src/bench/run.ts";
import { BenchError } from "./bench-error.ts";
import { type BenchOptions, readCommand } from "./options.ts";
import { compare, toMarkdown } from "./report/report.ts";
import { addRound, emptyResults, type Results, toJson } from "./report/results.ts";
import { findTarget, startSluice } from "./targets/targets.ts";

try {
  const command = readCommand(process.argv.slice(2));
  if (command.type === "help") console.log(command.text);
  else if (command.type === "compare") {
    console.log(compare(readResults(command.before), readResults(command.after)));
  } else await bench(command.options);
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  console.error(`bench: ${error.message}`);
  process.exit(1);
}

function readResults(file: string): Results {
  try {
    const results = JSON.parse(readFileSync(file, "utf8")) as Partial<Results>;
    if (results.cases && results.machine && results.model) return results as Results; // looks like a results file
  } catch {
    // not JSON: reported below
  }
  throw new BenchError(`--compare: ${file} is not a results file written by --out`);
}

async function bench(options: BenchOptions): Promise<void> {
  const { rounds, sluice, sluices, caseOptions, out } = options;
  const { modelPath, ...shown } = caseOptions; // results identify the model by its hash, not by a local path
  const results = await emptyResults(modelPath, rounds, { ...shown, slots: sluice.slots, sluices });
  if (out) mkdirSync(path.dirname(path.resolve(out)), { recursive: true }); // fail now rather than after all measurements
  const targets = await openTargets(options);
  await runCases(
    { ...options, targets, progress: progressBar() },
    {
      figures: (table, column, figures) => addRound(results, table, column, figures),
      failure: (text) => results.failures.push(text),
    },
  );
  const markdown = toMarkdown(results);
  console.log(markdown);
  if (out) write(out, toJson(results), markdown);
  process.exit(results.failures.length > 0 ? 1 : 0); // also stops the started servers
}

function progressBar(): Progress {
  const bar = new SingleBar({ format: "{bar} {value}/{total} {what}", clearOnComplete: true });
  return {
    begin: (total) => bar.start(total, 0, { what: "warming up" }),
    measure: (done, what) => bar.update(done, { what }),
    end: () => bar.stop(),
  };
}

/** Starts Sluice and finds the other targets. Started servers end with this process. */
async function openTargets(options: BenchOptions): Promise<readonly Target[]> {
  const found = await Promise.all(
    options.targets.map(({ name, url, pid }) => findTarget(name, url, pid)),
  );
  const stops: (() => void)[] = [];
  process.once("exit", () => {
    for (const stop of stops) stop();
  });
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));
  const started: Target[] = [];
  for (const variant of options.sluices) {
    const { target, stop } = await startSluice(options.sluice, variant);
    stops.push(stop);
    started.push(target);
  }
  return [...started, ...found];
}

function write(out: string, json: string, markdown: string): void {
  writeFileSync(out, json);
  writeFileSync(out.replace(/\.json$/, ".md"), `${markdown}\n`);
}
