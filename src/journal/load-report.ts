// What a group of ended requests says about the load: how many met their targets, how long they took. Pure.

import { GapCounts, type PackedGaps } from "./gap-counts.ts";

/** The times that a good answer may take; null for no target. */
export type LoadTargets = {
  /** From the arrival of a request to its first token, in ms. */
  readonly firstTokenMs: number | null;
  /** The mean time between the tokens of a request, in ms. */
  readonly interTokenMs: number | null;
};

/** In ms. Null without any. */
export type Spread = {
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
} | null;

/** What a group of requests did. Rates are per second of the report's active time. */
export type LoadLine = {
  readonly requests: number;
  /** By outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Complete answers that met all targets; null without targets. */
  readonly good: number | null;
  readonly requestsPerSecond: number;
  /** Goodput; null without targets. */
  readonly goodPerSecond: number | null;
  readonly tokensIn: number;
  readonly tokensCached: number;
  readonly tokensOut: number;
  readonly tokensOutPerSecond: number;
  readonly queueMs: Spread;
  readonly firstTokenMs: Spread;
  readonly interTokenMs: Spread;
  readonly totalMs: Spread;
};

export type LoadReport = {
  /** Less than was asked for if the server is younger, or has forgotten older requests. */
  readonly coveredMs: number;
  /** The time in which at least one of the requests was inside. */
  readonly activeMs: number;
  readonly total: LoadLine;
  readonly byModel: ReadonlyMap<string, LoadLine>;
  readonly byKey: ReadonlyMap<string, LoadLine>;
};

export type LoadQuestion = {
  readonly windowMs: number;
  readonly targets: LoadTargets;
  /** The keys that get a line. */
  readonly keys: ReadonlySet<string>;
};

/** One ended request. */
export type LoadEntry = {
  readonly endedAtMs: number;
  readonly arrivedAtMs: number;
  readonly outcome: string;
  readonly isComplete: boolean;
  readonly key: string | null;
  readonly model: string | null;
  readonly tokensIn: number;
  readonly tokensCached: number;
  readonly tokensOut: number;
  /** Null for a request that never entered the queue. */
  readonly queueMs: number | null;
  readonly firstTokenMs: number | null;
  readonly interTokenMs: number | null;
  readonly gaps: PackedGaps;
};

type Measure = { readonly targets: LoadTargets; readonly activeMs: number };

/** In one pass, because the event loop is blocked meanwhile. */
export function summarize(group: readonly LoadEntry[], { targets, activeMs }: Measure): LoadLine {
  const perSecond = (count: number) => (activeMs > 0 ? (count * 1000) / activeMs : 0);
  const hasTargets = targets.firstTokenMs !== null || targets.interTokenMs !== null;
  const outcomes: Record<string, number> = {};
  const gaps = new GapCounts();
  let [good, tokensIn, tokensCached, tokensOut] = [0, 0, 0, 0];
  for (const entry of group) {
    outcomes[entry.outcome] = (outcomes[entry.outcome] ?? 0) + 1;
    if (hasTargets && isGood(entry, targets)) good += 1;
    tokensIn += entry.tokensIn;
    tokensCached += entry.tokensCached;
    tokensOut += entry.tokensOut;
    gaps.addAll(entry.gaps);
  }
  return {
    requests: group.length,
    outcomes,
    good: hasTargets ? good : null,
    requestsPerSecond: perSecond(group.length),
    goodPerSecond: hasTargets ? perSecond(good) : null,
    tokensIn,
    tokensCached,
    tokensOut,
    tokensOutPerSecond: perSecond(tokensOut),
    queueMs: spreadOf(group, ({ queueMs }) => queueMs),
    firstTokenMs: spreadOf(group, ({ firstTokenMs }) => firstTokenMs),
    interTokenMs: spreadFrom(gaps.quantiles(SHARES)),
    totalMs: spreadOf(group, (entry) =>
      entry.isComplete ? entry.endedAtMs - entry.arrivedAtMs : null,
    ),
  };
}

/**
 * Whether it is a complete answer within the targets. An answer of one token has no time between tokens, and one without text no
 * first token: it misses that target. After Zhong et al., "DistServe" (2024), whose goodput counts requests that meet both.
 */
function isGood(entry: LoadEntry, { firstTokenMs, interTokenMs }: LoadTargets): boolean {
  if (!entry.isComplete) return false;
  if (firstTokenMs !== null && (entry.firstTokenMs ?? Number.POSITIVE_INFINITY) > firstTokenMs)
    return false;
  return interTokenMs === null || (entry.interTokenMs ?? 0) <= interTokenMs;
}

const SHARES = [0.5, 0.9, 0.95, 0.99, 1];

/** By nearest rank: each value is one that was measured. */
function spreadOf(
  group: readonly LoadEntry[],
  timeOf: (entry: LoadEntry) => number | null,
): Spread {
  const times = new Float64Array(group.length);
  let count = 0;
  for (const entry of group) {
    const time = timeOf(entry);
    if (time !== null) times[count++] = time;
  }
  if (count === 0) return null;
  const sorted = times.subarray(0, count).sort();
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * count) - 1)] ?? 0;
  return spreadFrom(SHARES.map(at));
}

function spreadFrom(values: readonly number[] | null): Spread {
  if (values === null) return null;
  const [p50 = 0, p90 = 0, p95 = 0, p99 = 0, max = 0] = values;
  return { p50, p90, p95, p99, max };
}
