// Flags and variables → Config: reads, checks, explains. The settings themselves are in config.ts.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Config, SETTINGS, type SettingKey } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import type { Setting } from "./setting.ts";

export type CommandLine =
  | { readonly type: "serve"; readonly config: Config }
  | { readonly type: "print"; readonly text: string };

/** Flags come before variables, variables before defaults. @throws ConfigError */
export function readCommandLine(args: readonly string[], env: Readonly<NodeJS.ProcessEnv>): CommandLine {
  const flags = parseFlags(args);
  if (flags.help) return { type: "print", text: helpText() };
  if (flags.version) return { type: "print", text: packageVersion() };
  const config: Partial<Record<SettingKey, unknown>> = {};
  for (const key of settingKeys()) config[key] = readSetting(key, flags[flagName(key)], env);
  const checked = config as Config; // every key has gone through its own schema
  checkHost(checked, sourceOf("host", flags.host));
  checkBodyMemory(checked, sourceOf("bodyMemory", flags["body-memory"]));
  return { type: "serve", config: checked };
}

export function packageVersion(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

function settingKeys(): SettingKey[] {
  return Object.keys(SETTINGS) as SettingKey[];
}

/** Times that are seconds outside and milliseconds inside lose their unit; a flag in milliseconds keeps it. */
function flagName(key: SettingKey): string {
  return key
    .replace(/(?<=Timeout|Ttl|Wait|Grace|Delay|heartbeat)Ms$/, "")
    .replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function variableName(key: SettingKey): string {
  return `SLUICE_${flagName(key).replaceAll("-", "_").toUpperCase()}`;
}

type FlagOptions = Record<
  string,
  { type: "string" | "boolean"; multiple?: boolean; short?: string }
>;
type Flags = Record<string, string | boolean | (string | boolean)[] | undefined>;

function parseFlags(args: readonly string[]): Flags {
  const options: Record<
    string,
    { type: "string" | "boolean"; multiple?: boolean; short?: string }
  > = {
    help: { type: "boolean", short: "h" },
    version: { type: "boolean", short: "v" },
  };
  for (const key of settingKeys()) {
    const { value, isList }: Setting = SETTINGS[key];
    options[flagName(key)] = { type: value ? "string" : "boolean", multiple: isList ?? false };
  }
  try {
    return parseArgs({ args: joinValues(args, options), options, allowPositionals: false }).values;
  } catch (error) {
    throw new ConfigError(`${describeBadArgument(error as NodeJS.ErrnoException)} (see --help)`);
  }
}

/** `--port -1` → `--port=-1`: a value may begin with a dash, and then gets its own setting's error. */
function joinValues(args: readonly string[], options: FlagOptions): string[] {
  const joined: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const [arg = "", value] = args.slice(index);
    const takesValue = arg.startsWith("--") && options[arg.slice(2)]?.type === "string";
    if (takesValue && value !== undefined) index += 1;
    joined.push(takesValue && value !== undefined ? `${arg}=${value}` : arg);
  }
  return joined;
}

/** Node's own words, but for an argument without a flag: that may be a key, and keys are not shown. */
function describeBadArgument(error: NodeJS.ErrnoException): string {
  if (error.code === "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL") {
    return "an argument has no flag before it: a model is given as --model PATH, and npm wants -- before all flags";
  }
  return error.message.split("\n")[0] ?? "";
}

function readSetting(key: SettingKey, flagValue: Flags[string], env: NodeJS.ProcessEnv): unknown {
  const { schema, allows, isList }: Setting = SETTINGS[key];
  const variable = env[variableName(key)];
  const given = flagValue ?? (variable === "" ? undefined : variable);
  const result = schema.safeParse(isList ? asList(given) : asText(given));
  if (result.success) return result.data;
  const source = sourceOf(key, flagValue);
  const shown = key === "apiKey" ? "" : ` is ${JSON.stringify(given)}`;
  throw new ConfigError(`${source}${shown}: allowed is ${allows}`);
}

function sourceOf(key: SettingKey, flagValue: Flags[string]): string {
  return flagValue === undefined ? variableName(key) : `--${flagName(key)}`;
}

function asList(given: Flags[string]): unknown {
  return typeof given === "string" ? given.split(",") : given;
}

function asText(given: Flags[string]): unknown {
  return typeof given === "boolean" ? String(given) : given;
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/i;

function checkHost({ host, apiKey, keysFile, allowNoKey }: Config, source: string): void {
  if (LOOPBACK.test(host) || apiKey.length > 0 || keysFile !== undefined || allowNoKey) return;
  throw new ConfigError(
    `${source} is ${JSON.stringify(host)}: others can reach it, so --api-key or --keys-file is needed (or --allow-no-key)`,
  );
}

/** One client has as much as it leaves free: half of it at most. */
function checkBodyMemory({ bodyMemory, bodyLimit }: Config, source: string): void {
  if (bodyMemory >= 2 * bodyLimit) return;
  throw new ConfigError(
    `${source} is ${bodyMemory}: a body of ${bodyLimit} bytes (--body-limit) would never fit; allowed is ${2 * bodyLimit} or more`,
  );
}

function helpText(): string {
  const lines = settingKeys().map((key) => {
    const { value, help }: Setting = SETTINGS[key];
    return `  ${`--${flagName(key)}${value ? ` ${value}` : ""}`.padEnd(26)} ${help}`;
  });
  return [
    "sluice: serves a GGUF language model over the OpenAI API",
    "",
    "usage: sluice [options]        or: npm start -- [options]",
    "       sluice keys --help      API keys: add, list, revoke",
    "",
    ...lines,
    `  ${"--help, --version".padEnd(26)} print this, or the version`,
    "",
    "Every option is also a variable: --queue-timeout is SLUICE_QUEUE_TIMEOUT; lists are separated by commas.",
  ].join("\n");
}
