// Routes where a key reads about itself: its usage, its metrics, and in response headers its remaining tokens per minute.

import type { Express, RequestHandler } from "express";
import { encodeUsage, type UsageLine } from "../../api/sluice/usage.ts";
import type { Caller } from "../../keys/caller.ts";
import type { KeyRing } from "../../keys/key-ring.ts";
import type { UsageBook } from "../../keys/usage-book.ts";
import type { Metrics } from "../../metrics.ts";
import type { Admissions } from "../../queue/admissions.ts";
import type { TokenBudgets } from "../../queue/token-budgets.ts";
import { mountGet } from "../server/middleware.ts";
import { callerOf, seesAll } from "../server/response-locals.ts";

export const USAGE_PATH = "/v1/usage";
export const METRICS_PATH = "/metrics";

export type UsageDeps = {
  readonly keys: Pick<KeyRing, "isOpen" | "callers">;
  readonly usage: UsageBook;
  /** The queues that count a key's running and waiting requests. */
  readonly queues: ReadonlySet<Admissions>;
  readonly startedAtSeconds: number;
};

export function mountUsage(app: Express, deps: UsageDeps): void {
  mountGet(app, USAGE_PATH, (_req, res) => {
    const caller = callerOf(res);
    const callers = seesAll(res) && !deps.keys.isOpen ? deps.keys.callers : [caller];
    const lines = callers.map((each) => usageOf(each, deps));
    res.json(encodeUsage(lines, deps.startedAtSeconds));
  });
}

export type MetricsDeps = { readonly metrics: Metrics; readonly usage: UsageBook };

/** The series per key show the caller's key only; an admin sees those of all keys. */
export function mountMetrics(app: Express, { metrics, usage }: MetricsDeps): void {
  mountGet(app, METRICS_PATH, async (_req, res) => {
    const { owner, name } = callerOf(res);
    const shown = seesAll(res) ? usage.all : [{ name, ...usage.of(owner) }];
    res.type(metrics.contentType).send(await metrics.text(shown));
  });
}

function usageOf({ owner, name }: Caller, { usage, queues }: UsageDeps): UsageLine {
  const loads = [...queues].map((queue) => queue.loadOf(owner));
  return {
    name,
    ...usage.of(owner),
    running: loads.reduce((sum, { running }) => sum + running, 0),
    waiting: loads.reduce((sum, { waiting }) => sum + waiting, 0),
  };
}

/**
 * OpenAI's rate limit headers, for keys with a limit. The numbers are from before the request, whose cost is not known yet.
 * https://platform.openai.com/docs/guides/rate-limits
 */
export function allowanceHeaders(tokenBudgets: TokenBudgets): RequestHandler {
  return (_req, res, next) => {
    const state = tokenBudgets.stateOf(callerOf(res));
    if (state) {
      res.setHeader("x-ratelimit-limit-tokens", state.limit);
      res.setHeader("x-ratelimit-remaining-tokens", state.remaining);
      res.setHeader("x-ratelimit-reset-tokens", duration(state.resetMs));
    }
    next();
  };
}

/** `1m12.5s`, `6m0s`, `20ms`. */
function duration(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = (ms - minutes * 60_000) / 1000;
  return `${minutes > 0 ? `${minutes}m` : ""}${seconds}s`;
}
