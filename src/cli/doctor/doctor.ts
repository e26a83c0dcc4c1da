// `sluice doctor`: checks this machine and the settings of a server before it starts, or while it runs, and says what to do.

import { existsSync } from "node:fs";
import { type CommandLine, packageVersion, readCommandLine } from "../../config/command-line.ts";
import { ConfigError } from "../../config/config-error.ts";
import { MEMORY_FOLDER } from "../../engine/prefix-folder.ts";
import { diskRoom } from "../../models/disk-room.ts";
import { CommandError } from "../command-error.ts";
import { programName } from "../program-name.ts";
import { readAddress } from "../server/call-server.ts";
import {
  checkConfigFile,
  checkDisk,
  checkKeys,
  checkModelsFolder,
  checkTls,
} from "./file-checks.ts";
import { type Finding, Findings } from "./finding.ts";
import { checkClock, checkNode, checkOpenFiles, checkProcessor } from "./machine-checks.ts";
import { checkModels, checkSharedMemory, checkThreads } from "./model-checks.ts";
import { checkAddresses, checkThrough } from "./network-checks.ts";

type Env = Readonly<NodeJS.ProcessEnv>;

/** Sets the exit code to 1 if there is a problem. @throws CommandError for wrong options */
export async function runDoctor(args: readonly string[], env: Env): Promise<void> {
  const program = programName(env);
  const { own, rest } = splitArguments(args);
  if (own.help) return console.log(helpText(program));
  const findings = await examine({ own, rest, env, program });
  console.log(own.json ? asJson(findings) : asText(findings, process.stdout.isTTY ?? false));
  if (findings.some(({ level }) => level === "problem")) process.exitCode = 1;
}

type OwnOptions = {
  readonly json: boolean;
  readonly help: boolean;
  readonly through: string | null;
  readonly key: string | null;
};

/** The options of this command, and those of the server that it examines. @throws CommandError */
function splitArguments(args: readonly string[]): {
  readonly own: OwnOptions;
  readonly rest: readonly string[];
} {
  const rest: string[] = [];
  const given = new Map<string, string>();
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? "";
    const [, name = "", value] = /^--(through|key|json|help)(?:=(.*))?$/.exec(arg) ?? [];
    const isShort = arg === "-h";
    if (name === "" && !isShort) rest.push(arg);
    else if (isShort || name === "json" || name === "help") given.set(isShort ? "help" : name, "");
    else {
      const next = value ?? args[++index];
      if (next === undefined)
        throw new CommandError(`--${name} requires a value (see doctor --help)`);
      given.set(name, next);
    }
  }
  const through = given.get("through") ?? null;
  if (through !== null && !(/^https?:\/\//i.test(through) && URL.canParse(through)))
    throw new CommandError(
      `--through is "${through}": allowed is an address such as https://sluice.example.org`,
    );
  return {
    own: {
      json: given.has("json"),
      help: given.has("help"),
      through,
      key: given.get("key") ?? null,
    },
    rest,
  };
}

type Examination = {
  readonly own: OwnOptions;
  /** The options of the server. */
  readonly rest: readonly string[];
  readonly env: Env;
  readonly program: string;
};

type Check = { readonly name: string; readonly run: () => CheckResult | Promise<CheckResult> };
type CheckResult = Findings | readonly Findings[];

async function examine({ own, rest, env, program }: Examination): Promise<readonly Finding[]> {
  const settings = readSettings(rest, env);
  const config = settings instanceof Findings ? null : settings.config;
  const { through, key } = own;
  const checks: readonly Check[] = [
    { name: "Node.js", run: () => checkNode() },
    { name: "processor", run: () => checkProcessor() },
    { name: "clock", run: () => checkClock() },
    { name: "open files", run: () => checkOpenFiles(config?.maxConnections ?? null) },
    ...(settings instanceof Findings
      ? [{ name: "settings", run: () => settings }]
      : checksOf(settings, program)),
    ...(through === null
      ? []
      : [
          {
            name: "streaming",
            run: () => {
              const values = { url: through, ...(key !== null && { key }) };
              return checkThrough(readAddress({ values, env, program }));
            },
          },
        ]),
  ];
  const findings: Finding[] = [];
  for (const { name, run } of checks) findings.push(...(await carriedOut(name, run)));
  return findings;
}

type Settings = Extract<CommandLine, { type: "serve" }>;

function checksOf({ config, configFile }: Settings, program: string): readonly Check[] {
  const freeBytes = existsSync(MEMORY_FOLDER) ? diskRoom(MEMORY_FOLDER).freeBytes : null;
  return [
    { name: "settings", run: () => checkConfigFile(configFile, config) },
    { name: "threads", run: () => checkThreads(config) },
    { name: "model", run: () => checkModels(config, program) },
    { name: "prefix cache", run: () => checkSharedMemory(config, freeBytes) },
    { name: "models folder", run: () => checkModelsFolder(config) },
    { name: "disk", run: () => checkDisk(config) },
    { name: "keys", run: () => checkKeys(config, program) },
    { name: "TLS", run: () => checkTls(config) },
    { name: "address", run: () => checkAddresses(config) },
  ];
}

/** @returns why the settings cannot be used, or what they are. @throws CommandError for an option that only prints */
function readSettings(rest: readonly string[], env: Env): Settings | Findings {
  try {
    const command = readCommandLine(rest, env);
    if (command.type === "serve") return command;
    throw new CommandError(`doctor takes the options of a server, not ${rest.join(" ")}`);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const findings = new Findings("settings");
    findings.problem(`${error.message}; models, files and addresses are not checked`, null);
    return findings;
  }
}

/** A check that fails itself must not hide the others. */
async function carriedOut(name: string, run: Check["run"]): Promise<readonly Finding[]> {
  try {
    return [await run()].flat().flatMap(({ all }) => all);
  } catch (error) {
    const findings = new Findings(name);
    findings.problem(`this check failed: ${(error as Error).message}`, "please report it");
    return findings.all;
  }
}

const COLORS = { ok: 32, note: 36, warning: 33, problem: 31 } as const;

/** One line for each finding, and one for each remedy. */
export function asText(findings: readonly Finding[], isColored: boolean): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, level, message, remedy }) => {
    const word = level.padEnd("problem".length);
    const shown = isColored ? `\u001b[${COLORS[level]}m${word}\u001b[0m` : word;
    const first = `${shown}  ${check.padEnd(width)}  ${message}`;
    return remedy === null ? [first] : [first, `${" ".repeat(9)}${" ".repeat(width)}  → ${remedy}`];
  });
  return [`Sluice ${packageVersion()}`, "", ...lines, "", summaryOf(findings)].join("\n");
}

function summaryOf(findings: readonly Finding[]): string {
  const count = (level: Finding["level"], word: string) => {
    const { length } = findings.filter((each) => each.level === level);
    return length === 0 ? [] : [`${length} ${word}${length === 1 ? "" : "s"}`];
  };
  const found = [...count("problem", "problem"), ...count("warning", "warning")];
  return found.length > 0 ? `Found ${found.join(" and ")}.` : "Found no problem.";
}

/** For a bug report. No finding contains a key. */
function asJson(findings: readonly Finding[]): string {
  const { platform, arch, versions } = process;
  return JSON.stringify(
    { sluice: packageVersion(), node: versions.node, platform, arch, findings },
    null,
    2,
  );
}

function helpText(program: string): string {
  return `Check this machine and the settings of a server, and say what to do about each finding.

usage: ${program} doctor [options of the server] [options]

Give it the options with which the server runs, such as --config FILE or --model PATH; variables
count too. It reads the header of each model that they name, but loads none. Run it as the user of
the server.

Options
  --through URL   also stream one short answer through this address, such as that of a proxy, and
                  find out whether its tokens come one by one
  --key KEY       API key for --through (default: SLUICE_API_KEY or its _FILE)
  --json          print one JSON object, for a bug report; it contains paths, but no key
  --help          print this

The exit code is 1 if there is a problem, and 0 otherwise, also with warnings.`;
}
