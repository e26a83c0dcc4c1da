// `sluice launch`: starts a coding agent against a running server, after checking that the server's model can serve it.

import { spawn } from "node:child_process";
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { CommandError } from "./command-error.ts";
import {
  LAUNCH_PROGRAMS,
  type LaunchName,
  type LaunchProgram,
  type LaunchSetup,
} from "./launch-programs.ts";
import { programName } from "./program-name.ts";
import { readWords } from "./read-words.ts";
import { addressHelp, readAddress } from "./server/call-server.ts";
import { type ServedModel, servedModel } from "./server/served-model.ts";

/** Sent to a server without keys, because the programs require one. */
const NO_KEY = "none";

type Env = Readonly<NodeJS.ProcessEnv>;
type LaunchOptions = {
  readonly name: LaunchName;
  readonly url: string;
  readonly key: string | undefined;
  /** For the program. */
  readonly args: readonly string[];
};

/** @throws CommandError */
export async function runLaunch(args: readonly string[], env: Env): Promise<void> {
  const program = programName(env);
  const options = readLaunchOptions(args, env, program);
  if (!options) return console.log(helpText(program));
  const { name, url, key } = options;
  const launched: LaunchProgram = LAUNCH_PROGRAMS[name];
  if (!isOnPath(launched.command, env))
    throw new CommandError(
      `${launched.command} is not installed; install it with: ${launched.install}`,
    );
  const served = await servedModel({ url, key, program });
  for (const warning of warningsOf(name, served)) console.error(`sluice: ${warning}`);
  const folder = mkdtempSync(path.join(os.tmpdir(), `sluice-launch-${name}-`));
  try {
    const { id: model, contextTokens } = served;
    const setup = launched.setup({ url, key: key ?? NO_KEY, model, contextTokens, folder });
    for (const [name, text] of Object.entries(setup.files ?? {})) writeInto(folder, name, text);
    console.error(describeSetup(setup, key ?? NO_KEY));
    const all = [...(setup.args ?? []), ...options.args];
    process.exitCode = await runToEnd(launched.command, all, { ...env, ...setup.env });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeInto(folder: string, name: string, text: string): void {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** @returns undefined for --help. @throws CommandError */
export function readLaunchOptions(
  args: readonly string[],
  env: Env,
  program: string,
): LaunchOptions | undefined {
  const end = args.indexOf("--");
  const own = end === -1 ? args : args.slice(0, end);
  const { values, positionals } = readWords(own, {
    name: "launch",
    options: ["url", "key"],
    program,
  });
  if (values.help || args.length === 0) return undefined;
  const [name, ...others] = positionals;
  const names = Object.keys(LAUNCH_PROGRAMS).join(", ");
  if (!isLaunchName(name))
    throw new CommandError(`launch starts one of ${names} (see ${program} launch --help)`);
  if (others.length > 0)
    throw new CommandError(
      `the arguments of ${name} must follow --: ${program} launch ${name} -- ${others.join(" ")}`,
    );
  const { url, key } = readAddress({ values, env, program });
  if (url.startsWith("unix:"))
    throw new CommandError(
      `--url is "${url}": ${name} cannot use a Unix socket; name a TCP address`,
    );
  return {
    name,
    url,
    key,
    args: end === -1 ? [] : args.slice(end + 1),
  };
}

function isLaunchName(name: string | undefined): name is LaunchName {
  return name !== undefined && Object.hasOwn(LAUNCH_PROGRAMS, name);
}

/** Advice to the user, if the served model may not be enough for the program. */
export function warningsOf(name: LaunchName, served: ServedModel): string[] {
  const { minContextTokens, needsTools }: LaunchProgram = LAUNCH_PROGRAMS[name];
  const { contextTokens, hasTools } = served;
  const warnings: string[] = [];
  if (contextTokens < minContextTokens)
    warnings.push(
      `${name} needs a context of about ${minContextTokens} tokens, but the server's is ${contextTokens}; restart the server with --context ${minContextTokens}`,
    );
  if (needsTools && hasTools === false)
    warnings.push(
      `${name} works with tools, which the chat template of ${served.id} does not know; serve a model that was trained to call tools`,
    );
  return warnings;
}

/** One line per variable and argument; the key is never shown. */
export function describeSetup({ env, args = [] }: LaunchSetup, key: string): string {
  const shown = (name: string, value: string) => {
    if (value === key) return `${name}=(the key)`;
    return `${name}=${value === "" ? "(empty)" : value}`;
  };
  const variables = Object.entries(env).map(([name, value]) => shown(name, value));
  const words = args.filter((each) => each !== "-c").map((each) => `-c ${each}`);
  return ["sluice: set for this program only:", ...variables, ...words].join("\n  ");
}

function isOnPath(command: string, env: Env): boolean {
  const names = process.platform === "win32" ? [`${command}.cmd`, `${command}.exe`] : [command];
  return (env.PATH ?? "")
    .split(path.delimiter)
    .flatMap((folder) => names.map((name) => path.join(folder, name)))
    .some(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The program has the terminal. @returns its exit code */
function runToEnd(command: string, args: readonly string[], env: Env): Promise<number> {
  const child = spawn(command, args, {
    env,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  const forward = (signal: NodeJS.Signals) => {
    // The terminal sends Ctrl-C to the program too.
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, forward);
  return new Promise<number>((resolve, reject) => {
    child.once("error", (error) =>
      reject(new CommandError(`cannot start ${command}: ${error.message}`)),
    );
    child.once("exit", (code, signal) =>
      resolve(code ?? 128 + os.constants.signals[signal ?? "SIGTERM"]),
    );
  }).finally(() => {
    for (const signal of signals) process.off(signal, forward);
  });
}

function helpText(program: string): string {
  return `Start a coding agent against a running server.

usage: ${program} launch PROGRAM [options] [-- ARGUMENTS OF THE PROGRAM]
       ${program} launch claude
       ${program} launch codex -- exec "explain this folder"

PROGRAM is one of ${Object.keys(LAUNCH_PROGRAMS).join(", ")}. It gets the server's
address, model and context through variables, arguments and temporary files; your own configuration
is not changed.

Options
${addressHelp()}
  --help      print this

The exit code is that of the program.`;
}
