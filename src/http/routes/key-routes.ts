// What the API tells a key about itself: its usage, the same as metrics, and in headers what is left of its tokens per minute.

import type { Express, RequestHandler } from "express";
import { encodeUsage, type UsageLine } from "../../api/own/usage.ts";
import type { Caller } from "../../keys/caller.ts";
import type { TokenBudgets } from "../../queue/token-budgets.ts";
import type { HandlerDeps } from "../generate/exchange.ts";
import { callerOf, methodNotAllowed, seesAll } from "../server/middleware.ts";

export const USAGE_PATH = "/v1/usage";
export const METRICS_PATH = "/metrics";

export function mountUsage(app: Express, deps: HandlerDeps): void {
  app.get(USAGE_PATH, (_req, res) => {
    const caller = callerOf(res);
    const callers = seesAll(res) && !deps.keys.isOpen ? deps.keys.callers : [caller];
    const lines = callers.map((each) => usageOf(each, deps));
    res.json(encodeUsage(lines, deps.startedAtSeconds));
  });
  app.all(USAGE_PATH, methodNotAllowed("GET"));
}

/** In each key's own series, those of the caller; for an admin, those of all keys. */
export function mountMetrics(app: Express, { metrics, usage }: HandlerDeps): void {
  app.get(METRICS_PATH, async (_req, res) => {
    const { owner, name } = callerOf(res);
    const shown = seesAll(res) ? usage.all : [{ name, ...usage.of(owner) }];
    res.type(metrics.contentType).send(await metrics.text(shown));
  });
  app.all(METRICS_PATH, methodNotAllowed("GET"));
}

function usageOf({ owner, name }: Caller, deps: HandlerDeps): UsageLine {
  const queues = new Set([deps.queue, deps.embeddings.queue, deps.reranking.queue]);
  const loads = [...queues].map((queue) => queue.loadOf(owner));
  return {
    name,
    ...deps.usage.of(owner),
    running: loads.reduce((sum, { running }) => sum + running, 0),
    waiting: loads.reduce((sum, { waiting }) => sum + waiting, 0),
  };
}

/**
 * As OpenAI has them, for keys with a limit, as it stood when the request came in: what the request itself will cost, nobody
 * knows by then. https://platform.openai.com/docs/guides/rate-limits
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
