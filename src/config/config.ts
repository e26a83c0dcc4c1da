// Merges the settings of the *-settings.ts files. Each is declared once: flag, variable, default, allowed values, help text.

import type { z } from "zod";
import { CACHE_SETTINGS } from "./cache-settings.ts";
import { KEY_SETTINGS } from "./key-settings.ts";
import { LIMIT_SETTINGS } from "./limit-settings.ts";
import { LOG_SETTINGS } from "./log-settings.ts";
import { MODEL_SETTINGS } from "./model-settings.ts";
import { NETWORK_SETTINGS } from "./network-settings.ts";
import { STREAM_SETTINGS } from "./stream-settings.ts";

/** Key `drainTimeoutMs` is flag `--drain-timeout` (in seconds) and variable `SLUICE_DRAIN_TIMEOUT`. */
export const SETTINGS = {
  ...MODEL_SETTINGS,
  ...CACHE_SETTINGS,
  ...NETWORK_SETTINGS,
  ...LIMIT_SETTINGS,
  ...KEY_SETTINGS,
  ...STREAM_SETTINGS,
  ...LOG_SETTINGS,
};

type Settings = typeof SETTINGS;
export type SettingKey = keyof Settings;

export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[];

/** All settings, checked. Durations are in milliseconds, sizes in bytes or tokens as their help says. */
export type Config = { readonly [K in SettingKey]: z.output<Settings[K]["schema"]> };

export function flagName(key: SettingKey): string {
  const name = SETTINGS[key].isInSeconds ? key.replace(/Ms$/, "") : key;
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
