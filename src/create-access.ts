// Config → who may use the server, and what they have used: the keys, their budgets and their usage. Called by service.ts.

import type { Config } from "./config/config.ts";
import { ANONYMOUS, type Caller, NO_LIMITS } from "./keys/caller.ts";
import { Credentials } from "./keys/credentials.ts";
import { fetchFrom, fetchFromIssuer } from "./keys/jwt/fetch-key-set.ts";
import { JwtCallers } from "./keys/jwt/jwt-callers.ts";
import { FetchedKeySet, type FindKey, keySetOfFile } from "./keys/jwt/key-set.ts";
import { KeyRing } from "./keys/key-ring.ts";
import { DailyUsage } from "./keys/usage/daily-usage.ts";
import { UsageBook } from "./keys/usage/usage-book.ts";
import { UsageFolder } from "./keys/usage/usage-folder.ts";
import type { Logger } from "./log.ts";
import { TokenBudgets } from "./queue/token-budgets.ts";

/** Polling interval of the files with keys. */
const KEYS_POLL_MS = 1_000;

export type Access = ReturnType<typeof createAccess>;

/** @throws KeysFileError, JwksFileError or UsageFolderError */
export function createAccess(config: Config, logger: Logger) {
  const log = (level: "info" | "warn" | "error", message: string) => logger[level](message);
  const ring = new KeyRing({ ...keySourcesOf(config), pollMs: KEYS_POLL_MS, log });
  const keys = new Credentials(ring, jwtCallersOf(config, { ring, log }));
  const daily = new DailyUsage({ keepDays: config.usageDays });
  const usage = new UsageBook(() => (keys.isOpen ? [ANONYMOUS] : keys.callers), daily);
  const { usageDir: folder } = config;
  const usageFolder = folder === undefined ? null : new UsageFolder({ folder, usage: daily, log });
  if (!usageFolder && keys.callers.some(hasLongBudget))
    log(
      "warn",
      "keys have tokens per day or month, which are counted since the start of the server: --usage-dir DIR keeps them",
    );
  return { keys, usage, usageFolder, tokenBudgets: new TokenBudgets(daily) };
}

/** The settings of the keys that may change while the server runs. */
export function keySourcesOf({ apiKey, apiKeyFile, keysFile }: Config) {
  return { plainKeys: apiKey, plainFile: apiKeyFile ?? null, file: keysFile ?? null };
}

export async function closeAccess({ keys, usageFolder }: Access): Promise<void> {
  keys.close();
  await usageFolder?.close();
}

type JwtParts = {
  readonly ring: KeyRing;
  readonly log: (level: "warn", message: string) => void;
};

/** Null without --jwt-issuer. @throws JwksFileError */
function jwtCallersOf(config: Config, { ring, log }: JwtParts): JwtCallers | null {
  const { jwtIssuer: issuer, jwtAudience: audience, jwtJwks: source } = config;
  if (issuer === undefined || audience === undefined) return null;
  const warn = (message: string) => log("warn", message);
  const findKey = findKeyIn(source, { issuer, warn });
  return new JwtCallers({
    issuer,
    audience,
    findKey,
    nameClaims: config.jwtNameClaim,
    scopes: config.jwtScope,
    scopeClaim: config.jwtScopeClaim ?? null,
    groupClaim: config.jwtGroupClaim ?? null,
    groupNamed: (name) => ring.groupNamed(name),
  });
}

/** @param source a file or a URL; undefined for the one that the issuer names */
function findKeyIn(
  source: string | undefined,
  { issuer, warn }: { readonly issuer: string; readonly warn: (message: string) => void },
): FindKey {
  if (source === undefined) return new FetchedKeySet(fetchFromIssuer(issuer), warn).find;
  const isUrl = /^https?:\/\//i.test(source);
  return isUrl ? new FetchedKeySet(fetchFrom(source), warn).find : keySetOfFile(source, warn);
}

function hasLongBudget({ limits, group }: Caller): boolean {
  return [limits, group?.limits ?? NO_LIMITS].some(
    ({ tokensPerDay, tokensPerMonth }) => tokensPerDay !== null || tokensPerMonth !== null,
  );
}
