// The rules that concern several settings, for the command line and for programs that embed the service.

import path from "node:path";
import { type Config, flagName, type SettingKey } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import { listenAddresses } from "./listen-address.ts";

/** How an error names a setting: the one that is wrong as it was given, and the others as they can be given. */
type SettingNames = Readonly<Record<"given" | "other", (key: SettingKey) => string>>;

/** For an address on which the server listens already. */
const BOUND = { source: "the address", other: (key: SettingKey) => `--${flagName(key)}` };
/** Each requires the other. */
const PAIRS = [
  ["jwtIssuer", "jwtAudience"],
  ["clusterCert", "clusterKey"],
] as const;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/i;

/** @throws ConfigError */
export function checkRulesBetweenSettings(config: Config, { given, other }: SettingNames): void {
  const twice = sharedModelName(config);
  if (twice !== null)
    throw new ConfigError(
      `${given("model")}: two models have the name ${JSON.stringify(twice)}; give each a name of its own, as in NAME=PATH`,
    );
  if (config.apiKey.length > 0 && config.apiKeyFile !== undefined)
    throw new ConfigError(
      `${given("apiKey")} and ${given("apiKeyFile")} both give API keys; give only one of them`,
    );
  for (const pair of PAIRS) {
    const isGiven = (key: SettingKey) => config[key] !== undefined;
    const [present, missing] = [pair.find(isGiven), pair.find((key) => !isGiven(key))];
    if (present && missing)
      throw new ConfigError(`${given(present)} also requires ${other(missing)}`);
  }
  const { jwtIssuer, jwtJwks } = config;
  if (jwtJwks !== undefined && jwtIssuer === undefined)
    throw new ConfigError(`${given("jwtJwks")} also requires ${other("jwtIssuer")}`);
  const { bodyMemory, bodyLimit } = config;
  const source = given(config.listen.length > 0 ? "listen" : "host");
  for (const address of listenAddresses(config))
    if ("port" in address) checkKeysFor(address.host, config, { source, other });
  // One client may hold only as much as it leaves free, which is at most half of the memory.
  if (bodyMemory < 2 * bodyLimit)
    throw new ConfigError(
      `${given("bodyMemory")} is ${bodyMemory}: a body of ${bodyLimit} bytes (${other("bodyLimit")}) could never fit; allowed is ${2 * bodyLimit} or more`,
    );
}

/**
 * @param host undefined for all addresses of this machine
 * @param names how an error names what gives the host, and the settings that allow it
 * @throws ConfigError for a host that other machines can reach without a key
 */
export function checkKeysFor(
  host: string | undefined,
  config: KeyConfig,
  { source, other }: { readonly source: string; readonly other: SettingNames["other"] } = BOUND,
): void {
  if (requiresKey(config) || config.allowNoKey || (host !== undefined && LOOPBACK.test(host)))
    return;
  const where = host === undefined ? "all addresses of this machine" : JSON.stringify(host);
  throw new ConfigError(
    `${source} is ${where}: other machines can connect, so it requires ${other("apiKey")} or ${other("keysFile")} (or ${other("allowNoKey")})`,
  );
}

type KeyConfig = Pick<Config, "apiKey" | "apiKeyFile" | "keysFile" | "allowNoKey" | "jwtIssuer">;

/** Whether clients must send a key. */
export function requiresKey({ apiKey, apiKeyFile, keysFile, jwtIssuer }: KeyConfig): boolean {
  const sources = [apiKeyFile, keysFile, jwtIssuer];
  return apiKey.length > 0 || sources.some((source) => source !== undefined);
}

/** A name that two models would have for clients. */
function sharedModelName({ model, alias }: Config): string | null {
  const taken = new Set<string>();
  for (const [index, { name: ownName, path: file, aliases }] of model.entries()) {
    const further = index === 0 ? alias : [];
    const isRenamed = ownName === null && further.length > 0;
    const own = isRenamed ? [] : [ownName ?? path.basename(file, ".gguf")];
    const names = new Set([...own, ...further, ...aliases]);
    for (const name of names) {
      if (taken.has(name)) return name;
      taken.add(name);
    }
  }
  return null;
}
