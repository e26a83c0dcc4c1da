// GET /v1/load-report, which only this server has: what the requests of the last seconds say about the load.

import { z } from "zod";
import type { LoadLine, LoadQuestion, LoadReport, Spread } from "../../journal/load-report.ts";
import * as field from "../shared/field-types.ts";
import { wholeNumber } from "../shared/queries.ts";

const DEFAULT_WINDOW_SECONDS = 60;
const MAX_WINDOW_SECONDS = 900;
const UNIT_SECONDS = { s: 1, m: 60 } as const;
const MAX_TARGET_MS = 3_600_000;

/** `60`, `60s` and `1m` are the same. */
const windowSeconds = z
  .string()
  .regex(/^\d{1,4}[sm]?$/, "must be a time such as 60s or 5m")
  .transform((text) => Number.parseInt(text, 10) * UNIT_SECONDS[text.endsWith("m") ? "m" : "s"])
  .pipe(z.number().min(1).max(MAX_WINDOW_SECONDS));

/** Query of `GET /v1/load-report`. */
export const loadReportQuery = z.object({
  window: field.optional(
    windowSeconds,
    "How far back to look: `90s`, `5m`, at most 15 minutes. Default: `60s`.",
  ),
  ttft: field.optional(
    wholeNumber(1, MAX_TARGET_MS),
    "Target of a good answer: its first token comes within this number of milliseconds.",
  ),
  itl: field.optional(
    wholeNumber(1, MAX_TARGET_MS),
    "Target of a good answer: the mean time between its tokens, in milliseconds.",
  ),
});

const milliseconds = z.number().min(0);
const spread = z
  .strictObject({
    p50: milliseconds,
    p90: milliseconds,
    p95: milliseconds,
    p99: milliseconds,
    max: milliseconds,
  })
  .nullable();
const rate = z.number().min(0);
const line = z.strictObject({
  requests: z.int().min(0),
  outcomes: z.record(z.string(), z.int().min(1)),
  good: z.int().min(0).nullable(),
  requests_per_second: rate,
  goodput_per_second: rate.nullable(),
  tokens_in: z.int().min(0),
  tokens_cached: z.int().min(0),
  tokens_out: z.int().min(0),
  tokens_out_per_second: rate,
  queue_ms: spread,
  ttft_ms: spread,
  itl_ms: spread,
  e2e_ms: spread,
});

export const loadReport = z.strictObject({
  object: z.literal("load_report"),
  window_seconds: z.number(),
  covered_seconds: z.number(),
  active_seconds: z.number(),
  targets: z.strictObject({ ttft_ms: z.int().nullable(), itl_ms: z.int().nullable() }),
  total: line,
  models: z.array(line.extend({ model: z.string() })),
  keys: z.array(line.extend({ key: z.string() })),
});

/** @param keys the names of the keys that the caller may see */
export function loadQuestionOf(
  { window, ttft, itl }: z.output<typeof loadReportQuery>,
  keys: ReadonlySet<string>,
): LoadQuestion {
  const windowMs = (window ?? DEFAULT_WINDOW_SECONDS) * 1000;
  return { windowMs, targets: { firstTokenMs: ttft ?? null, interTokenMs: itl ?? null }, keys };
}

export function encodeLoadReport(
  report: LoadReport,
  { windowMs, targets }: LoadQuestion,
): z.output<typeof loadReport> {
  return {
    object: "load_report",
    window_seconds: windowMs / 1000,
    covered_seconds: Math.round(report.coveredMs) / 1000,
    active_seconds: Math.round(report.activeMs) / 1000,
    targets: { ttft_ms: targets.firstTokenMs, itl_ms: targets.interTokenMs },
    total: encodeLine(report.total),
    models: [...report.byModel].map(([model, each]) => ({ model, ...encodeLine(each) })),
    keys: [...report.byKey].map(([key, each]) => ({ key, ...encodeLine(each) })),
  };
}

function encodeLine(of: LoadLine): z.output<typeof line> {
  return {
    requests: of.requests,
    outcomes: of.outcomes,
    good: of.good,
    requests_per_second: rounded(of.requestsPerSecond),
    goodput_per_second: of.goodPerSecond === null ? null : rounded(of.goodPerSecond),
    tokens_in: of.tokensIn,
    tokens_cached: of.tokensCached,
    tokens_out: of.tokensOut,
    tokens_out_per_second: rounded(of.tokensOutPerSecond),
    queue_ms: encodeSpread(of.queueMs),
    ttft_ms: encodeSpread(of.firstTokenMs),
    itl_ms: encodeSpread(of.interTokenMs),
    e2e_ms: encodeSpread(of.totalMs),
  };
}

function encodeSpread(of: Spread): z.output<typeof spread> {
  if (of === null) return null;
  const { p50, p90, p95, p99, max } = of;
  return {
    p50: rounded(p50),
    p90: rounded(p90),
    p95: rounded(p95),
    p99: rounded(p99),
    max: rounded(max),
  };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
