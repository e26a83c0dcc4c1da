// What a changed configuration file changes: which settings take effect at once, and which require a restart. Pure.

import { isDeepStrictEqual } from "node:util";
import { type Config, flagName, SETTING_KEYS, type SettingKey } from "./config.ts";
import { checkRulesBetweenSettings } from "./rules-between-settings.ts";

export type ChangedSettings = {
  /** They take effect at once. */
  readonly reloadable: readonly SettingKey[];
  /** They keep their old values until the next start. */
  readonly needsRestart: readonly SettingKey[];
};

/** The other settings are read once, at the start. */
const RELOADABLE: readonly SettingKey[] = [
  ...(["maxTokens", "queue", "queueTimeoutMs", "bufferedQueueTimeoutMs"] as const),
  ...(["firstTokenTimeoutMs", "requestTimeoutMs", "drainTimeoutMs"] as const),
  ...(["flexWaitMs", "strict"] as const),
  ...(["model", "alias", "modelsDir", "memoryBudget", "idleUnloadMs"] as const),
  ...(["apiKey", "apiKeyFile", "keysFile"] as const),
];

export function isReloadable(key: SettingKey): boolean {
  return RELOADABLE.includes(key);
}

export function changedSettings(before: Config, after: Config): ChangedSettings {
  const changed = SETTING_KEYS.filter((key) => !isDeepStrictEqual(before[key], after[key]));
  return {
    reloadable: changed.filter(isReloadable),
    needsRestart: changed.filter((key) => !isReloadable(key)),
  };
}

/**
 * The settings that are in effect after a reload: the reloadable ones of `after`, all others of `before`.
 * @throws ConfigError if these do not go together: the old host may require a key that the file has no more
 */
export function reloadedConfig(before: Config, after: Config): Config {
  const entries = SETTING_KEYS.map((key) => [key, (isReloadable(key) ? after : before)[key]]);
  const config = Object.fromEntries(entries) as Config; // each value comes from its own key
  const nameOf = (key: SettingKey) => flagName(key);
  checkRulesBetweenSettings(config, { given: nameOf, other: nameOf });
  return config;
}

/** For the log: names without values, which may be keys. */
export function describeChanges({ reloadable, needsRestart }: ChangedSettings): string {
  return [
    ...(reloadable.length > 0 ? [`changed: ${namesOf(reloadable)}`] : []),
    ...(needsRestart.length > 0 ? [`requires a restart: ${namesOf(needsRestart)}`] : []),
  ].join("; ");
}

function namesOf(keys: readonly SettingKey[]): string {
  return keys.map(flagName).join(", ");
}
