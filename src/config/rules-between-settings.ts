// The rules that concern several settings, for the command line and for programs that embed the service.

import type { Config, SettingKey } from "./config.ts";
import { ConfigError } from "./config-error.ts";

/** How an error names a setting: the one that is wrong as it was given, and the others as they can be given. */
export type SettingNames = Readonly<Record<"given" | "other", (key: SettingKey) => string>>;

/** @throws ConfigError */
export function checkRulesBetweenSettings(config: Config, names: SettingNames): void {
  checkHost(config, names);
  checkBodyMemory(config, names);
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/i;

function checkHost(
  { host, apiKey, keysFile, allowNoKey }: Config,
  { given, other }: SettingNames,
): void {
  if (LOOPBACK.test(host) || apiKey.length > 0 || keysFile !== undefined || allowNoKey) return;
  throw new ConfigError(
    `${given("host")} is ${JSON.stringify(host)}: other machines can connect, so it requires ${other("apiKey")} or ${other("keysFile")} (or ${other("allowNoKey")})`,
  );
}

/** One client may hold only as much as it leaves free, which is at most half of the memory. */
function checkBodyMemory({ bodyMemory, bodyLimit }: Config, { given, other }: SettingNames): void {
  if (bodyMemory >= 2 * bodyLimit) return;
  throw new ConfigError(
    `${given("bodyMemory")} is ${bodyMemory}: a body of ${bodyLimit} bytes (${other("bodyLimit")}) could never fit; allowed is ${2 * bodyLimit} or more`,
  );
}
