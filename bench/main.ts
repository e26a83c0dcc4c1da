// `npm run bench`: drives Sluice and other OpenAI-compatible servers through the same cases, in alternation, and writes
// JSON and Markdown. Nothing else should run on the machine meanwhile.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { BenchError } from "./bench-error.ts";
import type { Target } from "./case.ts";
import { type BenchOptions, readCommand } from "./options.ts";
import { compare, toMarkdown } from "./report.ts";
import { emptyResults, type Results, toJson } from "./results.ts";
import { runCases } from "./run.ts";
import { findTarget, startSluice } from "./targets.ts";

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
    if (results.cases && results.machine && results.model) return results as Results; // ours, by its looks
  } catch {
    // not JSON: as below
  }
  throw new BenchError(`--compare: ${file} is not a file that --out has written`);
}

async function bench(options: BenchOptions): Promise<void> {
  const { rounds, sluice, sluices, caseOptions, out } = options;
  const { modelPath, ...shown } = caseOptions; // results name the model by its content, not by a path of this machine
  const results = await emptyResults(modelPath, rounds, { ...shown, slots: sluice.slots, sluices });
  if (out) mkdirSync(path.dirname(path.resolve(out)), { recursive: true }); // better now than when all is measured
  const targets = await openTargets(options);
  await runCases({ ...options, targets }, results);
  const markdown = toMarkdown(results);
  console.log(markdown);
  if (out) write(out, toJson(results), markdown);
  process.exit(results.failures.length > 0 ? 1 : 0); // also ends what was started
}

/** Starts and finds them all; those that were started end with this process. */
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
