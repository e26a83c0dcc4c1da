// Routes where a key reads about itself: its usage, its metrics, and in response headers its remaining tokens per minute.

import type { Express, RequestHandler, Response } from "express";
import { invalidValue } from "../../api/shared/refusals.ts";
import {
  type DailyLine,
  encodeDailyUsage,
  encodeUsage,
  type UsageLine,
  usageQuery,
} from "../../api/sluice/usage.ts";
import type { Caller } from "../../keys/caller.ts";
import type { Credentials } from "../../keys/credentials.ts";
import type { UsageBook } from "../../keys/usage/usage-book.ts";
import { startOf, type UtcDay } from "../../keys/usage/utc-day.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { Admissions } from "../../queue/admissions.ts";
import type { TokenBudgets } from "../../queue/token-budgets.ts";
import { mountGet } from "../server/middleware.ts";
import { callerOf, ownerOf, seesAll } from "../server/response-locals.ts";
import { checkedQuery } from "./checked-query.ts";

export const USAGE_PATH = "/v1/usage";
export const METRICS_PATH = "/metrics";

export type UsageDeps = {
  readonly keys: Pick<Credentials, "isOpen" | "callers">;
  readonly usage: UsageBook;
  /** The queues that count a key's running and waiting requests. */
  readonly queues: ReadonlySet<Admissions>;
  readonly startedAtSeconds: number;
  /** The folder that keeps usage; undefined if it is counted since the start. */
  readonly usageDir: string | undefined;
  readonly isStrict: boolean;
};

/** An answer has at most this many lines: an admin could ask for a year of a thousand keys. */
const MAX_DAILY_LINES = 20_000;

export function mountUsage(app: Express, deps: UsageDeps): void {
  mountGet(app, USAGE_PATH, (req, res) => {
    const { from, to } = checkedQuery(req, res, usageQuery, deps.isStrict);
    const since = sinceSeconds(deps);
    if (from || to) {
      const days = { from: from ?? "", to: to ?? deps.usage.daily.today };
      return void res.json(encodeDailyUsage(dailyLines(res, days, deps), since));
    }
    const callers = seesAll(res) && !deps.keys.isOpen ? deps.keys.callers : [callerOf(res)];
    const lines = callers.map((each) => usageOf(each, deps));
    res.json(encodeUsage(lines, since));
  });
}

/** When counting began: with a usage folder, at the beginning of its first day. */
function sinceSeconds({ usage, usageDir, startedAtSeconds }: UsageDeps): number {
  const { firstDay } = usage.daily;
  const isKept = usageDir !== undefined && firstDay !== null;
  return isKept ? Math.min(startOf(firstDay) / 1000, startedAtSeconds) : startedAtSeconds;
}

type Days = { readonly from: UtcDay; readonly to: UtcDay };

/** @throws ServiceError 400 for more lines than an answer may have */
function dailyLines(
  res: Response,
  { from, to }: Days,
  { usage, keys }: UsageDeps,
): readonly DailyLine[] {
  const owner = ownerOf(res);
  const names = new Map(keys.callers.map((each) => [each.owner, each.name]));
  const lines = usage.daily
    .between(from, to)
    .filter((line) => seesAll(res) || line.owner === owner)
    .map((line) => ({ ...line, name: names.get(line.owner) ?? line.name }));
  if (lines.length <= MAX_DAILY_LINES) return lines;
  throw invalidValue("from", `gives ${lines.length} lines; allowed are ${MAX_DAILY_LINES}`);
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
    ...usage.daily.totalOf(owner),
    spentToday: usage.daily.spentToday(owner),
    spentThisMonth: usage.daily.spentThisMonth(owner),
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
