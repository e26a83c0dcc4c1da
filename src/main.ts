#!/usr/bin/env node
// Process entry: checks the limit of open files, picks the command, and turns an expected error into one line and an exit code.

import { writeSync } from "node:fs";
import { openFilesProblem } from "./open-files.ts";

/** Each is loaded only when it runs, so that `keys` and `--help` start fast. */
const COMMANDS = {
  serve: async () => (await import("./cli/serve.ts")).runServe,
  node: async () => (await import("./cli/cluster/node.ts")).runNode,
  gateway: async () => (await import("./cli/cluster/gateway.ts")).runGateway,
  keys: async () => (await import("./cli/keys.ts")).runKeys,
  pull: async () => (await import("./cli/pull.ts")).runPull,
  list: async () => (await import("./cli/list.ts")).runList,
  ls: async () => (await import("./cli/list.ts")).runList,
  ps: async () => (await import("./cli/ps.ts")).runPs,
  load: async () => (await import("./cli/load.ts")).runLoad,
  stop: async () => (await import("./cli/stop.ts")).runStop,
  rm: async () => (await import("./cli/rm.ts")).runRm,
  cache: async () => (await import("./cli/cache.ts")).runCache,
  launch: async () => (await import("./cli/launch.ts")).runLaunch,
  bench: async () => (await import("./cli/bench.ts")).runBench,
  doctor: async () => (await import("./cli/doctor/doctor.ts")).runDoctor,
  show: async () => (await import("./cli/show.ts")).runShow,
  health: async () => (await import("./cli/server/health.ts")).runHealth,
};

const problem = openFilesProblem();
if (problem !== null) exitWith(problem); // with too few open files the imports below fail without a message

const [word, ...rest] = process.argv.slice(2);
const name = isCommand(word) ? word : "serve";
try {
  const run = await COMMANDS[name]();
  await run(name === word ? rest : process.argv.slice(2), process.env);
} catch (error) {
  const { isExpected } = await import("./cli/command-error.ts");
  if (!isExpected(error)) throw error;
  exitWith(error.message);
}

function isCommand(given: string | undefined): given is keyof typeof COMMANDS {
  return given !== undefined && Object.hasOwn(COMMANDS, given);
}

/** Writes past `console`, which a progress bar may hold. */
function exitWith(message: string): never {
  writeSync(2, `sluice: ${message.split("\n")[0]}\n`);
  process.exit(1);
}
