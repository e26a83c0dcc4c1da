// Measures the schema compiler on sets of real schemas: `npm run schema-bench -- FOLDER`. The options are in its --help.

import { writeFileSync } from "node:fs";
import { HELP, OptionError, readOptions, type SchemaBenchOptions } from "./schema-bench/options.ts";
import { judgeAll } from "./schema-bench/pool.ts";
import { readSets, type SetLine } from "./schema-bench/sets.ts";
import { describeReport } from "./schema-bench/table.ts";
import { failuresOf, faultsOf, type JudgedSchema, reportOf } from "./schema-bench/tally.ts";

/** Schemas between two lines about the progress. */
const PROGRESS_STEP = 500;

process.once("SIGINT", () => process.exit(130)); // the child processes end with this process
process.once("SIGTERM", () => process.exit(143));
try {
  const options = readOptions(process.argv.slice(2));
  if (options === null) console.log(HELP);
  else await run(options);
} catch (error) {
  if (!(error instanceof OptionError)) throw error;
  console.error(`schema-bench: ${error.message}`);
  process.exitCode = 1;
}

async function run(options: SchemaBenchOptions): Promise<void> {
  const { folder, json, failures } = options;
  const judged = await judgeLines(readSets(folder, options), options);
  const report = reportOf(judged);
  console.log(describeReport(report));
  for (const { set, id, why } of faultsOf(judged)) console.log(`error: ${set}, ${id}: ${why}`);
  if (json !== null) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  const lines = failuresOf(judged).map((each) => `${JSON.stringify(each)}\n`);
  if (failures !== null) writeFileSync(failures, lines.join(""));
}

async function judgeLines(
  lines: readonly SetLine[],
  { children, limitMs, isOpen }: SchemaBenchOptions,
): Promise<readonly JudgedSchema[]> {
  const verdicts = await judgeAll(lines, { children, limitMs, isOpen, onProgress });
  return lines.flatMap(({ set, id }, index) => {
    const verdict = verdicts[index];
    return verdict ? [{ set, id, verdict }] : [];
  });
}

function onProgress(done: number, total: number): void {
  if (done % PROGRESS_STEP === 0 || done === total) console.error(`${done} of ${total} schemas`);
}
