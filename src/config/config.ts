// Merges the settings of the *-settings.ts files. Each is declared once: flag, variable, default, allowed values, help text.

import type { z } from "zod";
import { CACHE_SETTINGS } from "./settings/cache-settings.ts";
import { CLUSTER_SETTINGS } from "./settings/cluster-settings.ts";
import { KEY_SETTINGS } from "./settings/key-settings.ts";
import { LIMIT_SETTINGS } from "./settings/limit-settings.ts";
import { LOG_SETTINGS } from "./settings/log-settings.ts";
import { MODEL_SETTINGS } from "./settings/model-settings.ts";
import { MONITORING_SETTINGS } from "./settings/monitoring-settings.ts";
import { NETWORK_SETTINGS } from "./settings/network-settings.ts";
import { STREAM_SETTINGS } from "./settings/stream-settings.ts";

/** Key `drainTimeoutMs` is flag `--drain-timeout`, variable `SLUICE_DRAIN_TIMEOUT` and `drain-timeout` in the file. */
export const SETTINGS = {
  ...MODEL_SETTINGS,
  ...CACHE_SETTINGS,
  ...NETWORK_SETTINGS,
  ...LIMIT_SETTINGS,
  ...KEY_SETTINGS,
  ...STREAM_SETTINGS,
  ...LOG_SETTINGS,
  ...MONITORING_SETTINGS,
  ...CLUSTER_SETTINGS,
};

type AllSettings = typeof SETTINGS;
export type SettingKey = keyof AllSettings;

export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[];

/** All settings, checked. Durations are in milliseconds, sizes in bytes or tokens as their help says. */
export type Config = { readonly [K in SettingKey]: z.output<AllSettings[K]["schema"]> };

/** The name of a setting after `--` and in the configuration file. */
export function flagName(key: SettingKey): string {
  const name = SETTINGS[key].isTime ? key.replace(/Ms$/, "") : key;
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
