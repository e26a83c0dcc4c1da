// Flags and variables → Config: reads, checks, explains. The settings themselves are in config.ts.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Config, flagName, SETTING_KEYS, SETTINGS, type SettingKey } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import { helpText } from "./help.ts";
import { checkRulesBetweenSettings } from "./rules-between-settings.ts";
import type { Setting } from "./setting.ts";

export type CommandLine =
  | { readonly type: "serve"; readonly config: Config }
  | { readonly type: "print"; readonly text: string };

/** A flag overrides its variable, a variable overrides the default. @throws ConfigError */
export function readCommandLine(
  args: readonly string[],
  env: Readonly<NodeJS.ProcessEnv>,
): CommandLine {
  const flags = parseFlags(args);
  if (flags["help-all"]) return { type: "print", text: helpText({ showsExpert: true }) };
  if (flags.help) return { type: "print", text: helpText({ showsExpert: false }) };
  if (flags.version) return { type: "print", text: packageVersion() };
  const config: Partial<Record<SettingKey, unknown>> = {};
  for (const key of SETTING_KEYS) config[key] = readSetting(key, flags[flagName(key)], env);
  const checked = config as Config; // each value comes from its own schema
  checkRulesBetweenSettings(checked, {
    given: (key) => sourceOf(key, flags[flagName(key)]),
    other: (key) => `--${flagName(key)}`,
  });
  return { type: "serve", config: checked };
}

export function packageVersion(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
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
  const options: FlagOptions = {
    help: { type: "boolean", short: "h" },
    "help-all": { type: "boolean" },
    version: { type: "boolean", short: "v" },
  };
  for (const key of SETTING_KEYS) {
    const { value, isList }: Setting = SETTINGS[key];
    options[flagName(key)] = { type: value ? "string" : "boolean", multiple: isList ?? false };
  }
  try {
    return parseArgs({ args: joinValues(args, options), options, allowPositionals: false }).values;
  } catch (error) {
    throw new ConfigError(describeBadArgument(error as NodeJS.ErrnoException, args[0]));
  }
}

/** `--port -1` → `--port=-1`, so that the error for a value with a dash names its setting. */
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

/** Shows an argument only if it is a word in the place of a command: any other may be a key. */
function describeBadArgument(error: NodeJS.ErrnoException, first = ""): string {
  if (error.code !== "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL")
    return `${error.message.split("\n")[0]} (see --help)`;
  const problem = /^[a-z]{1,12}$/.test(first)
    ? `unknown command "${first}"; the commands are serve, keys, pull, cache, launch and show`
    : "unexpected argument; choose a model with --model PATH";
  return `${problem}; with npm, put -- before the options`;
}

function readSetting(key: SettingKey, flagValue: Flags[string], env: NodeJS.ProcessEnv): unknown {
  const { schema, allows, isList }: Setting = SETTINGS[key];
  const variable = env[variableName(key)];
  const given = flagValue ?? (variable === "" ? undefined : variable);
  const result = schema.safeParse(isList ? asList(given) : given?.toString());
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
