// All options of the benchmark, and the text of --help.

import path from "node:path";
import type { Case } from "../src/bench/case.ts";
import { wrapped } from "../src/cli/text/wrapped.ts";
import { CASES } from "./cases.ts";

const HELP_COLUMNS = 118;

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
  system: { type: "string", default: "300" },
  tokens: { type: "string", default: "96" },
  rate: { type: "string", default: "2" },
  out: { type: "string" },
  compare: { type: "string", multiple: true, default: [] as string[] },
  help: { type: "boolean", short: "h", default: false },
} as const;

export function helpText(): string {
  return `npm run bench -- [options]

Starts Sluice on the model and runs the cases on it and on every --target: one round on each in turn, so that a
change in the machine's load affects all of them. Prints tables of medians; --out saves the figures.

  --case A,B          cases to run, or all (default ${FLAGS.case.default})
  --model PATH        GGUF for Sluice (default: the built-in model); use the same file for a peer
  --target NAME=URL   another, already running server to measure; repeatable
  --pid NAME=PID      process of that target on this machine, for memory and CPU time; repeatable
  --variant "NAME=FLAGS"    another Sluice with these flags, e.g. "short=--batch-size 64"; repeatable
  --sluice-flags "FLAGS"    flags of the first Sluice, e.g. "--queue 64"; they override the options below
  --no-sluice         measure only the targets
  --rounds N          rounds on each target (default ${FLAGS.rounds.default})
  --streams A,B       levels of concurrency (default ${FLAGS.streams.default})
  --slots N           slots of Sluice (default ${FLAGS.slots.default}); use the same number for a peer
  --context N         tokens per slot (default ${FLAGS.context.default}); use the same number for a peer
  --threads N         threads of Sluice and of the ceiling case (default: chosen by Sluice)
  --prompt N          words per prompt (default ${FLAGS.prompt.default})
  --long N            words of the long prompt in long-prompt (default ${FLAGS.long.default})
  --system N          words of the system prompt in agent, restart and many-chats (default ${FLAGS.system.default})
  --tokens N          tokens per answer, always generated in full (default ${FLAGS.tokens.default})
  --rate A,B          requests per second in arrival-rate (default ${FLAGS.rate.default}); use several to find the knee
  --out FILE.json     write the figures to this file and the tables to a .md file next to it
  --compare A.json B.json   only print the tables of two such files, the newer one first

Cases:

${CASES.map(describeCase).join("\n\n")}`;
}

function describeCase({ name, help, goals = {} }: Case): string {
  const wanted = Object.entries(goals).map(([figure, goal]) => `${figure} ${goal}`);
  const text = wanted.length > 0 ? `${help}. Goals: ${wanted.join("; ")}` : help;
  return `  ${name}\n${wrapped(text, 6, HELP_COLUMNS)}`;
}
