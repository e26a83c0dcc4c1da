// The command line → Config, or a text to print. The settings themselves are in config.ts.

import { readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { type Config, flagName, SETTING_KEYS, SETTINGS, type SettingKey } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import type { ConfigFile } from "./config-file.ts";
import { helpText } from "./help.ts";
import {
  type FlagValues,
  givenSettings,
  readConfig,
  readSettings,
  variableName,
  variableOf,
} from "./read-config.ts";
import type { Setting } from "./settings/setting.ts";

export type CommandLine =
  | {
      readonly type: "serve";
      readonly config: Config;
      /** Absolute path of the file of --config; null for none. */
      readonly configFile: string | null;
      /** Reads the file again; flags and variables override it as before. @throws ConfigError */
      readonly reread: () => Config;
      /** How each of the settings that are given was given, such as `--model` or `SLUICE_MODEL`. */
      readonly given: ReadonlyMap<SettingKey, string>;
    }
  | { readonly type: "print"; readonly text: string };

/** @throws ConfigError */
export function readCommandLine(
  args: readonly string[],
  env: Readonly<NodeJS.ProcessEnv>,
): CommandLine {
  const flags = parseFlags(args);
  if (flags["help-all"]) return { type: "print", text: helpText({ showsExpert: true }) };
  if (flags.help) return { type: "print", text: helpText({ showsExpert: false }) };
  if (flags.version) return { type: "print", text: packageVersion() };
  const file = findConfigFile(flags, env);
  const sources = { flags, env, file };
  const reread = () => readConfig(sources);
  const config = reread();
  const configFile = file && path.resolve(file.path);
  return { type: "serve", config, configFile, reread, given: givenSettings(sources) };
}

/** Where a server with these variables listens, and whether with TLS; its flags are not known. @throws ConfigError */
export function readListenSettings(
  env: Readonly<NodeJS.ProcessEnv>,
): Pick<Config, "host" | "port" | "listen" | "tlsCert"> {
  const sources = { flags: {}, env, file: findConfigFile({}, env) };
  return readSettings(["host", "port", "listen", "tlsCert"], sources).values;
}

function findConfigFile(
  { config }: FlagValues,
  env: Readonly<NodeJS.ProcessEnv>,
): ConfigFile | null {
  if (config === "")
    throw new ConfigError('--config is "": allowed is a path to a YAML or JSON file');
  const variable = variableOf("config", env);
  if (config !== undefined) return { path: String(config), source: "--config" };
  return variable === undefined ? null : { path: variable, source: variableName("config") };
}

export function packageVersion(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

type FlagOptions = Record<
  string,
  { type: "string" | "boolean"; multiple?: boolean; short?: string }
>;

function parseFlags(args: readonly string[]): FlagValues {
  const options: FlagOptions = {
    help: { type: "boolean", short: "h" },
    "help-all": { type: "boolean" },
    version: { type: "boolean", short: "v" },
    config: { type: "string" },
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
    ? `unknown command "${first}"; the commands are serve, node, gateway, keys, pull, list, ps, load, stop, rm, cache, launch, show, bench, doctor and health`
    : "unexpected argument; choose a model with --model PATH";
  return `${problem}; with npm, put -- before the options`;
}
