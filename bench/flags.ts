// Every option of the benchmark, and --help.

import path from "node:path";
import type { Case } from "./case.ts";
import { CASES } from "./cases.ts";

const BUILTIN = path.join(import.meta.dirname, "../models/builtin.gguf");

export const FLAGS = {
  case: { type: "string", default: "latency,throughput,request-rate" },
  model: { type: "string", default: BUILTIN },
  target: { type: "string", multiple: true, default: [] as string[] },
  pid: { type: "string", multiple: true, default: [] as string[] },
  variant: { type: "string", multiple: true, default: [] as string[] },
  "sluice-flags": { type: "string", default: "" },
  "no-sluice": { type: "boolean", default: false },
  rounds: { type: "string", default: "3" },
  streams: { type: "string", default: "1,2,4" },
  slots: { type: "string", default: "4" },
  context: { type: "string", default: "2048" },
  threads: { type: "string" },
  prompt: { type: "string", default: "20" },
  long: { type: "string", default: "1200" },
  tokens: { type: "string", default: "96" },
  rate: { type: "string", default: "2" },
  out: { type: "string" },
  compare: { type: "string", multiple: true, default: [] as string[] },
  help: { type: "boolean", short: "h", default: false },
} as const;

export function helpText(): string {
  return `npm run bench -- [options]

Starts Sluice on the model, and drives it and every --target through the cases: one round on each in turn, so that a
change of the machine's mood meets all of them. Prints tables of medians; --out keeps the figures.

  --case A,B          cases to run, or all (default ${FLAGS.case.default})
  --model PATH        GGUF for Sluice (default: the built-in one); give a peer the same file
  --target NAME=URL   another server to drive, already running; repeatable
  --pid NAME=PID      process of that target on this machine, for its memory and CPU time; repeatable
  --variant "NAME=FLAGS"    one more Sluice with these flags, e.g. "short=--batch-size 64"; repeatable
  --sluice-flags "FLAGS"    flags of the first Sluice, e.g. "--queue 64"; they win over those below
  --no-sluice         drive only the targets
  --rounds N          rounds on each target (default ${FLAGS.rounds.default})
  --streams A,B       levels of concurrency (default ${FLAGS.streams.default})
  --slots N           slots of Sluice (default ${FLAGS.slots.default}); give a peer as many
  --context N         tokens for each slot (default ${FLAGS.context.default}); give a peer as many
  --threads N         threads of Sluice and of the ceiling (default: Sluice's own choice)
  --prompt N          words of a prompt (default ${FLAGS.prompt.default})
  --long N            words of the prompt of long-prompt (default ${FLAGS.long.default})
  --tokens N          tokens of an answer, always generated in full (default ${FLAGS.tokens.default})
  --rate A,B          requests per second of arrival-rate (default ${FLAGS.rate.default}); several find the knee
  --out FILE.json     write the figures there, and the tables beside it as .md
  --compare A.json B.json   print the tables of two such files instead, the later one first

Cases:

${CASES.map(describeCase).join("\n\n")}`;
}

function describeCase({ name, help, goals = {} }: Case): string {
  const wanted = Object.entries(goals).map(([figure, goal]) => `${figure} ${goal}`);
  const text = wanted.length > 0 ? `${help}. Goals: ${wanted.join("; ")}` : help;
  return `  ${name}\n${wrapped(text)}`;
}

const HELP_COLUMNS = 112;

function wrapped(text: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line.length + word.length < HELP_COLUMNS) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(` ${word}`);
  }
  return lines.map((line) => `     ${line}`).join("\n");
}
