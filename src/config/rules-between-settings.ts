// The rules that concern several settings, for the command line and for programs that embed the service.

import type { Config, SettingKey } from "./config.ts";
import { ConfigError } from "./config-error.ts";

/** How an error names a setting: the one that is wrong as it was given, and the others as they can be given. */
type SettingNames = Readonly<Record<"given" | "other", (key: SettingKey) => string>>;

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/i;

/** @throws ConfigError */
export function checkRulesBetweenSettings(config: Config, { given, other }: SettingNames): void {
  const { host, apiKey, keysFile, allowNoKey, bodyMemory, bodyLimit } = config;
  const requiresKey = apiKey.length > 0 || keysFile !== undefined;
  if (!LOOPBACK.test(host) && !requiresKey && !allowNoKey)
    throw new ConfigError(
      `${given("host")} is ${JSON.stringify(host)}: other machines can connect, so it requires ${other("apiKey")} or ${other("keysFile")} (or ${other("allowNoKey")})`,
    );
  // One client may hold only as much as it leaves free, which is at most half of the memory.
  if (bodyMemory < 2 * bodyLimit)
    throw new ConfigError(
      `${given("bodyMemory")} is ${bodyMemory}: a body of ${bodyLimit} bytes (${other("bodyLimit")}) could never fit; allowed is ${2 * bodyLimit} or more`,
    );
}
