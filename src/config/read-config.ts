// Flags, variables and the configuration file → Config, checked. Called by command-line.ts, and again when the file changes.

import { hideUserInfo } from "../hide-user-info.ts";
import { type Config, flagName, SETTING_KEYS, SETTINGS, type SettingKey } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import { type ConfigFile, type FileSettings, inFolderOf, readConfigFile } from "./config-file.ts";
import { checkRulesBetweenSettings } from "./rules-between-settings.ts";
import { problemWith, type Setting } from "./settings/setting.ts";

/** The values of parseArgs, by the names of the flags. */
export type FlagValues = Readonly<
  Record<string, string | boolean | (string | boolean)[] | undefined>
>;

export type ConfigSources = {
  readonly flags: FlagValues;
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** Null for none. */
  readonly file: ConfigFile | null;
};

/** A flag overrides its variable, a variable overrides the file, and the file overrides the default. @throws ConfigError */
export function readConfig(sources: ConfigSources): Config {
  const { values: config, given } = readSettings(SETTING_KEYS, sources);
  refuseTwoWaysToListen(given);
  checkRulesBetweenSettings(config, {
    given: (key) => given.get(key)?.source ?? key,
    other: (key) => `--${flagName(key)}`,
  });
  return config;
}

/** How each of the settings that are given anywhere was given, such as `--model` or `SLUICE_MODEL`. @throws ConfigError */
export function givenSettings(sources: ConfigSources): ReadonlyMap<SettingKey, string> {
  const { given } = readSettings(SETTING_KEYS, sources);
  const isGiven = ([, { value }]: [SettingKey, GivenSetting]) => value !== undefined;
  return new Map([...given].filter(isGiven).map(([key, { source }]) => [key, source]));
}

/** Which of the two is meant would be a guess. */
function refuseTwoWaysToListen(given: ReadonlyMap<SettingKey, GivenSetting>): void {
  const isGiven = (key: SettingKey) => given.get(key)?.value !== undefined;
  const other = (["host", "port"] as const).find(isGiven);
  if (!isGiven("listen") || other === undefined) return;
  const [first, second] = [other, "listen" as const].map((key) => given.get(key)?.source);
  throw new ConfigError(
    `${first} and ${second} both say where to listen; give only one of them (an empty variable counts as not given)`,
  );
}

/** Some of the settings, each checked alone. @returns with them how each was given. @throws ConfigError */
export function readSettings<K extends SettingKey>(
  keys: readonly K[],
  sources: ConfigSources,
): { readonly values: Pick<Config, K>; readonly given: ReadonlyMap<SettingKey, GivenSetting> } {
  const fileSettings = sources.file ? readConfigFile(sources.file) : {};
  const read = keys.map((key) => {
    const given = findGiven(key, sources, fileSettings);
    return [key, given, checked(key, given, sources.file)] as const;
  });
  return {
    values: Object.fromEntries(read.map(([key, , value]) => [key, value])) as Pick<Config, K>, // each value comes from its own schema
    given: new Map(read.map(([key, given]) => [key, given])),
  };
}

export function variableName(flag: string): string {
  return `SLUICE_${flag.replaceAll("-", "_").toUpperCase()}`;
}

/** The value of a variable. An empty one is as if it were not set. */
export function variableOf(flag: string, env: ConfigSources["env"]): string | undefined {
  return env[variableName(flag)] || undefined;
}

type GivenSetting = {
  /** Undefined if the setting is given nowhere. */
  readonly value: unknown;
  /** As an error shows it: a variable is one text. */
  readonly shown: unknown;
  /** How an error names the setting where it was given, or could be given. */
  readonly source: string;
  readonly isFromFile: boolean;
};

function findGiven(
  key: SettingKey,
  { flags, env }: ConfigSources,
  fileSettings: FileSettings,
): GivenSetting {
  const flag = flagName(key);
  const { isList, separator = "," }: Setting = SETTINGS[key];
  const flagValue = flags[flag];
  if (flagValue !== undefined) {
    const value = isList ? flagValue : String(flagValue);
    return { value, shown: flagValue, source: `--${flag}`, isFromFile: false };
  }
  const text = variableOf(flag, env);
  const fromFile = fileSettings[key];
  if (text === undefined && fromFile)
    return { ...fromFile, shown: fromFile.value, isFromFile: true };
  const value = isList ? text?.split(separator) : text;
  return { value, shown: text, source: variableName(flag), isFromFile: false };
}

function checked(key: SettingKey, given: GivenSetting, file: ConfigFile | null): unknown {
  const { schema, allows, isPath, isSecret }: Setting = SETTINGS[key];
  const result = schema.safeParse(given.value);
  if (result.success) {
    const isRelative = isPath && given.isFromFile && file !== null;
    return isRelative ? inFolderOf(file, result.data) : result.data;
  }
  const index = result.error.issues[0]?.path[0];
  const shown = Array.isArray(given.shown) ? given.shown[Number(index)] : given.shown;
  const value = isSecret || shown === undefined ? "" : ` is ${hideUserInfo(JSON.stringify(shown))}`;
  throw new ConfigError(`${given.source}${value}: ${problemWith(result, allows)}`);
}
