// `npm run abuse`: plays all kinds of client abuse for a long time, beside honest clients that must not be affected.

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type AbuseOptions, HELP, readAbuseOptions } from "./abuse-run/abuse-options.ts";
import { type AbuseRun, figuresOf, reportOf } from "./abuse-run/abuse-report.ts";
import { runAbuse } from "./abuse-run/run.ts";
import { ABUSES } from "./abuses/all-abuses.ts";
import { OptionError } from "./options.ts";

const RESULTS = path.join(import.meta.dirname, "../../soak-results");

process.once("SIGINT", () => process.exit(130)); // all child processes end with this process
process.once("SIGTERM", () => process.exit(143));
try {
  const args = process.argv.slice(2);
  const options = readAbuseOptions(args.filter((arg) => arg !== "--list"));
  if (options === null) console.log(HELP);
  else if (args.includes("--list")) console.log(namesOf(options).join("\n"));
  else process.exit(await abuse(options));
} catch (error) {
  if (!(error instanceof OptionError)) throw error;
  console.error(`abuse: ${error.message}`);
  process.exit(1);
}

/** @returns the exit code */
async function abuse(options: AbuseOptions): Promise<number> {
  console.log(`seed ${options.seed}`);
  const run = await runAbuse(options, namesOf(options));
  console.log(
    [...figuresOf(run), ...run.faults.map((fault) => `- ${fault}`), write(run)].join("\n"),
  );
  return run.faults.length > 0 ? 1 : 0;
}

/** @throws OptionError if no kind of abuse matches */
function namesOf({ only, skipped }: AbuseOptions): readonly string[] {
  const names = ABUSES.map(({ name }) => name).filter((name) => {
    const text = name.toLowerCase();
    return text.includes(only) && !skipped.some((each) => text.includes(each));
  });
  if (names.length > 0) return names;
  throw new OptionError("no kind of abuse matches --only and --skip; see --list");
}

/** @returns the folder of the report */
function write(run: AbuseRun): string {
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  const folder = path.join(RESULTS, `abuse-${time}-${run.seed}`);
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(reportOf(run)))
    writeFileSync(path.join(folder, name), text);
  return folder;
}
