// `npm run bench`: drives Sluice and other OpenAI-compatible servers through the same cases, in alternation, and writes
// JSON and Markdown. Nothing else should run on the machine meanwhile.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import type { Case, CaseOptions, Target } from "./case.ts";
import { abandon } from "./cases/abandon.ts";
import { arrivalRate } from "./cases/arrival-rate.ts";
import { ceiling } from "./cases/ceiling.ts";
import { crowd } from "./cases/crowd.ts";
import { latency } from "./cases/latency.ts";
import { longPrompt } from "./cases/long-prompt.ts";
import { multiTurn } from "./cases/multi-turn.ts";
import { neighbour } from "./cases/neighbour.ts";
import { requestRate } from "./cases/request-rate.ts";
import { slowReaders } from "./cases/slow-readers.ts";
import { throughput } from "./cases/throughput.ts";
import { addRound, compare, emptyResults, type Results, toMarkdown } from "./report.ts";
import { findTarget, startSluice } from "./targets.ts";

const CASES: readonly Case[] = [
  latency,
  throughput,
  longPrompt,
  multiTurn,
  crowd,
  abandon,
  neighbour,
  slowReaders,
  requestRate,
  arrivalRate,
  ceiling,
];

const ROOT = path.join(import.meta.dirname, "..");

const { values } = parseArgs({
  options: {
    case: { type: "string", default: "latency,throughput,request-rate" },
    model: { type: "string", default: path.join(ROOT, "models/builtin.gguf") },
    target: { type: "string", multiple: true, default: [] },
    "no-sluice": { type: "boolean", default: false },
    rounds: { type: "string", default: "3" },
    streams: { type: "string", default: "1,2,4" },
    slots: { type: "string", default: "4" },
    context: { type: "string", default: "2048" },
    threads: { type: "string" },
    prompt: { type: "string", default: "20" },
    tokens: { type: "string", default: "96" },
    rate: { type: "string", default: "2" },
    out: { type: "string" },
    compare: { type: "string", multiple: true, default: [] },
    help: { type: "boolean", short: "h", default: false },
  },
});

const HELP = `npm run bench -- [options]

Starts Sluice on the model, and drives it and every --target through the cases: one round on each in turn, so that a
change of the machine's mood meets all of them. Prints a table of medians; --out keeps the figures.

  --case A,B          cases to run, or all (default ${values.case})
  --model PATH        GGUF for Sluice (default: the built-in one); give the peer the same file
  --target NAME=URL   another server to drive, already running; repeatable
  --no-sluice         drive only the targets
  --rounds N          rounds on each target (default ${values.rounds})
  --streams A,B       levels of concurrency (default ${values.streams})
  --slots N           slots of Sluice (default ${values.slots}); give the peer as many
  --context N         tokens for each slot (default ${values.context})
  --threads N         threads of Sluice and of the ceiling (default: the CPUs less one)
  --prompt N          words of a prompt (default ${values.prompt})
  --tokens N          tokens of an answer, always generated in full (default ${values.tokens})
  --rate N            requests per second of arrival-rate (default ${values.rate})
  --out FILE.json     write the figures there, and the table beside it as .md
  --compare A --compare B   print the table of two such files

Cases:
${CASES.map(({ name, help }) => `  ${name.padEnd(14)} ${help}`).join("\n")}`;

if (values.help) console.log(HELP);
else if (values.compare.length > 0) compareFiles(values.compare);
else await bench();

function compareFiles([before, after]: readonly string[]): void {
  if (!before || !after) throw new Error("--compare wants two files");
  console.log(compare(readResults(before), readResults(after)));
}

function readResults(file: string): Results {
  return JSON.parse(readFileSync(file, "utf8")) as Results;
}

async function bench(): Promise<void> {
  const cases = chosenCases();
  const rounds = Number(values.rounds);
  const options = caseOptions();
  const { targets, stop } = await findTargets(options);
  const { modelPath, ...shown } = options; // results name the model by its content, not by a path of this machine
  const results = await emptyResults(modelPath, rounds, shown);
  const bar = new SingleBar({ format: "{bar} {value}/{total} {what}", clearOnComplete: true });
  bar.start(rounds * cases.length * targets.length, 0, { what: "" });
  try {
    for (const each of cases) {
      for (let round = 0; round < rounds; round++) {
        for (const target of targets) {
          bar.update({ what: `${each.name} on ${target.name}` });
          addRound(results, each.name, target.name, await each.run(target, options));
          bar.increment();
        }
      }
    }
  } finally {
    bar.stop();
    stop();
  }
  write(results);
}

function chosenCases(): readonly Case[] {
  if (values.case === "all") return CASES;
  return values.case.split(",").map((name) => {
    const found = CASES.find((each) => each.name === name);
    if (!found)
      throw new Error(
        `--case is ${name}: allowed is all, ${CASES.map((each) => each.name).join(", ")}`,
      );
    return found;
  });
}

function caseOptions(): CaseOptions {
  return {
    streams: values.streams.split(",").map(Number),
    promptWords: Number(values.prompt),
    tokens: Number(values.tokens),
    rate: Number(values.rate),
    modelPath: path.resolve(values.model),
    threads: values.threads === undefined ? null : Number(values.threads),
  };
}

async function findTargets(
  options: CaseOptions,
): Promise<{ readonly targets: readonly Target[]; readonly stop: () => void }> {
  const others = await Promise.all(values.target.map(findTarget));
  if (values["no-sluice"]) return { targets: others, stop: () => {} };
  const sluice = await startSluice({
    ...options,
    slots: Number(values.slots),
    contextTokens: Number(values.context),
  });
  return { targets: [sluice.target, ...others], stop: sluice.stop };
}

function write(results: Results): void {
  const markdown = toMarkdown(results);
  console.log(markdown);
  if (!values.out) return;
  mkdirSync(path.dirname(path.resolve(values.out)), { recursive: true });
  writeFileSync(values.out, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(values.out.replace(/\.json$/, ".md"), `${markdown}\n`);
}
