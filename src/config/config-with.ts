// Typed settings → Config, for programs that embed the service and for tests. The flags' own schemas check the values.

import { hideUserInfo } from "../hide-user-info.ts";
import { type Config, SETTING_KEYS, SETTINGS, type SettingKey } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import type { ModelSetting } from "./model-entry.ts";
import { checkRulesBetweenSettings } from "./rules-between-settings.ts";
import { problemWith, type Setting } from "./settings/setting.ts";

/** Some settings: durations are in milliseconds, sizes in bytes. A missing one has its default. */
export type ServiceSettings = Partial<Omit<Config, "model">> & {
  /** One model or several; a text is as after --model. */
  readonly model?: string | readonly ModelSetting[];
};

/** All defaults, with some settings changed. Durations are in milliseconds here too. @throws ConfigError */
export function configWith(changes: ServiceSettings): Config {
  for (const key of Object.keys(changes))
    if (!Object.hasOwn(SETTINGS, key)) throw new ConfigError(`${key} is not a setting`);
  const entries = SETTING_KEYS.map((key) => [key, check(key, changes[key])]);
  const config = Object.fromEntries(entries) as Config; // each value comes from its own schema
  checkRulesBetweenSettings(config, { given: String, other: String });
  return config;
}

function check(key: SettingKey, value: unknown): unknown {
  const { schema, isList = false, isSecret = false }: Setting = SETTINGS[key];
  const given = key === "model" && typeof value === "string" ? [value] : value;
  const result = schema.safeParse(isList ? given : asFlag(key, value));
  // A string must not pass for a number: the schema would read it in the unit of the flag.
  const hasType = given === undefined || typeof result.data === typeof given;
  if (result.success && hasType) return result.data;
  const shown = isSecret ? "" : ` is ${hideUserInfo(JSON.stringify(value))}`;
  throw new ConfigError(`${key}${shown}: ${problemWith(result, allowedFor(key))}`);
}

/** The value as its flag would have it, which the schema reads. */
function asFlag(key: SettingKey, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const { isTime }: Setting = SETTINGS[key];
  if (typeof value === "object" && value !== null) return Object.values(value).join(); // DIR,SIZE
  return String(typeof value === "number" && isTime ? value / 1000 : value);
}

function allowedFor(key: SettingKey): string {
  const { allows, isList, isTime }: Setting = SETTINGS[key];
  if (isTime) return "a number of milliseconds from 1 to 2000000000";
  if (allows === "on or off") return "true or false";
  if (key === "trustProxy") return "a number of proxies, or a list of addresses and networks";
  return isList ? `a list of values, each ${allows}` : allows;
}
