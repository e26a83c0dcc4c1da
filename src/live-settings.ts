// The settings that may change while the server runs: what is built once reads their current values. Called by service.ts.

import type { Config } from "./config/config.ts";
import type { Credentials } from "./keys/credentials.ts";
import type { TokenBudgets } from "./queue/token-budgets.ts";

/** The settings that handlers read for each request, so that a change takes effect at once. */
const LIVE_SETTINGS = [
  ...(["maxTokens", "requestTimeoutMs"] as const),
  ...(["firstTokenTimeoutMs", "bufferedQueueTimeoutMs"] as const),
];
export type LiveSettings = Pick<Config, (typeof LIVE_SETTINGS)[number]> & {
  readonly isStrict: boolean;
};

type QueueParts = {
  readonly keys: Pick<Credentials, "callers">;
  readonly tokenBudgets: TokenBudgets;
};

/** @returns a function that makes the options of one queue, with the settings that are in effect when they are read */
export function queueOptionsOf(current: () => Config, { tokenBudgets, keys }: QueueParts) {
  return <Own extends object>(own: Own) => ({
    ...own,
    tokenBudgets,
    isShared: () => keys.callers.length > 1,
    get maxWaiting() {
      return current().queue;
    },
    get queueTimeoutMs() {
      return current().queueTimeoutMs;
    },
    get flexWaitMs() {
      return current().flexWaitMs;
    },
  });
}

/** Adds the settings that may change while the server runs: reading one gives its value at that time. */
export function withLiveSettings<Parts extends object>(
  current: () => Config,
  parts: Parts,
): Parts & LiveSettings {
  const live = Object.fromEntries(
    LIVE_SETTINGS.map((key) => [key, { get: () => current()[key], enumerable: true }]),
  );
  const isStrict = { get: () => current().strict, enumerable: true };
  // The cast is needed because the types of the added properties are lost.
  return Object.defineProperties(parts, { ...live, isStrict }) as Parts & LiveSettings;
}
