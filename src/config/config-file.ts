// The file of --config → settings by key, not yet checked by their schemas. Read by read-config.ts.

import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { suggestionFor } from "../closest-name.ts";
import { flagName, SETTING_KEYS, SETTINGS, type SettingKey } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import { entryFromOptions, type ModelEntry } from "./model-entry.ts";
import type { Setting } from "./settings/setting.ts";
import { parseYamlMembers, type YamlMember } from "./yaml-members.ts";

export type ConfigFile = {
  /** As given. */
  readonly path: string;
  /** The flag or the variable that names the file. */
  readonly source: string;
};

type FileSetting = {
  readonly value: string | readonly (string | ModelEntry)[];
  /** File, line and key, for errors. */
  readonly source: string;
};

export type FileSettings = Partial<Readonly<Record<SettingKey, FileSetting>>>;

const MAX_BYTES = 1_048_576;
const KEYS: ReadonlyMap<string, SettingKey> = new Map<string, SettingKey>([
  ...SETTING_KEYS.map((key) => [flagName(key), key] as const),
  ["models", "model"],
]);

/** @throws ConfigError naming the file, and where it can, the line and the key */
export function readConfigFile(file: ConfigFile): FileSettings {
  const settings: Partial<Record<SettingKey, FileSetting>> = {};
  for (const member of membersOf(file)) {
    const source = `${file.path}:${member.line}: ${member.key}`;
    if (member.key === "$schema") continue; // the schema for editors
    const key = keyOf(member, source);
    if (settings[key])
      throw new ConfigError(`${source}: model is given already; allowed is model or models`);
    const value = key === "model" ? modelsOf(member, file) : textsOf(member, { key, source });
    if (value !== null) settings[key] = { value, source };
  }
  return settings;
}

function membersOf(file: ConfigFile): readonly YamlMember[] {
  const text = readText(file);
  try {
    return parseYamlMembers(text);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`${file.path}:${error.message}`);
  }
}

function readText({ path: file, source }: ConfigFile): string {
  try {
    if (statSync(file).size <= MAX_BYTES) return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(`${source}: cannot read ${file}: ${code}`, { cause: error });
  }
  throw new ConfigError(`${source}: ${file} is too large; allowed are ${MAX_BYTES} bytes`);
}

function keyOf({ key }: YamlMember, source: string): SettingKey {
  const known = KEYS.get(key);
  if (known !== undefined) return known;
  if (key === "config")
    throw new ConfigError(`${source}: a configuration file cannot name another`);
  const suggestion = suggestionFor(key, [...KEYS.keys()]);
  throw new ConfigError(
    `${source}: unknown setting${suggestion || "; the settings are the options of --help-all, without --"}`,
  );
}

/** As a flag has it: a text, or a list of texts. A list of a setting with one value is joined with commas. */
function textsOf(
  { value }: YamlMember,
  { key, source }: { readonly key: SettingKey; readonly source: string },
): string | readonly string[] | null {
  const { isList, allows }: Setting = SETTINGS[key];
  if (value === null) return null;
  if (typeof value === "string") return isList ? [value] : value;
  if (!isTexts(value)) throw new ConfigError(`${source}: allowed is ${allows}`);
  return isList ? value : value.join();
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function modelsOf(
  { key, line, value, itemLines }: YamlMember,
  file: ConfigFile,
): readonly (string | ModelEntry)[] | null {
  if (value === null) return null;
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  return items.map((item, index) => {
    const source = `${file.path}:${itemLines[index] ?? line}: ${key}`;
    return typeof item === "string" ? item : modelFrom(item, source);
  });
}

function modelFrom(item: unknown, source: string): ModelEntry {
  if (typeof item !== "object" || item === null || Array.isArray(item))
    throw new ConfigError(`${source}: allowed is a path to a .gguf file, or an object with a path`);
  try {
    return entryFromOptions(item as Readonly<Record<string, unknown>>);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`${source}: ${error.message}`);
  }
}

/** A path in the file is relative to the file's folder. */
export function inFolderOf(file: ConfigFile, value: unknown): unknown {
  const folder = path.dirname(path.resolve(file.path));
  if (typeof value === "string") return isUrl(value) ? value : path.resolve(folder, value);
  if (Array.isArray(value)) {
    const models = value as readonly ModelEntry[];
    return models.map((model) => ({ ...model, path: path.resolve(folder, model.path) }));
  }
  const cache = value as { readonly folder: string };
  return { ...cache, folder: path.resolve(folder, cache.folder) };
}

/** A setting may take either. On Windows `C:` begins a path. */
function isUrl(value: string): boolean {
  return /^https?:\/\//i.test(value);
}
