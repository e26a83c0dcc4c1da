// Reports about the load: which requests they cover, rates, goodput, percentiles, and what is forgotten.

import { expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import { GapCounts } from "../../../src/journal/gap-counts.ts";
import type { AnswerWork, EndedRequest } from "../../../src/journal/journal.ts";
import type { LoadTargets } from "../../../src/journal/load-report.ts";
import { LoadWindow } from "../../../src/journal/load-window.ts";

const NO_TARGETS: LoadTargets = { firstTokenMs: null, interTokenMs: null };

type Times = {
  readonly totalMs: number;
  readonly firstTokenMs?: number | null;
  readonly interTokenMs?: number | null;
  readonly tokens?: number;
};

function answer({ totalMs, firstTokenMs = 1, interTokenMs = null, tokens = 1 }: Times): AnswerWork {
  const gaps = new GapCounts();
  if (interTokenMs !== null) gaps.add(interTokenMs, tokens - 1);
  return {
    type: "answer",
    model: "m",
    servedModel: "m",
    isStreamed: true,
    isPrepared: true,
    receipt: {
      ...{
        queueMs: 2,
        prefillMs: 1,
        firstTokenMs,
        totalMs,
        isCut: false,
        seed: 1,
        cacheMiss: null,
      },
      usage: { promptTokens: 10, cachedTokens: 4, completionTokens: tokens, reasoningTokens: 0 },
    },
    interTokenMs,
    gaps: gaps.packed,
    miss: null,
  };
}

function ended(work: EndedRequest["work"], changes: Partial<EndedRequest> = {}): EndedRequest {
  return {
    ...{ requestId: "r", path: "/", key: "alice", client: null, status: 200 },
    ...{ outcome: "stop", failure: null, trace: null, work },
    ...changes,
  };
}

const REFUSED = ended(null, {
  ...{ key: "bob", status: 429, outcome: "queue_full" },
  failure: new ServiceError("queue_full", "full"),
});

/** A window with a clock that the test moves. */
function windowAt(startMs: number) {
  const clock = { now: startMs };
  return { clock, load: new LoadWindow(() => clock.now) };
}

const report = (
  load: LoadWindow,
  targets = NO_TARGETS,
  windowMs = 60_000,
  keys = new Set(["alice", "bob"]),
) => load.report({ windowMs, targets, keys });

test("without requests there are no rates and no times", () => {
  const { load } = windowAt(5_000);
  const { total, activeMs, byKey } = report(load);

  expect([activeMs, byKey.size]).toEqual([0, 0]);
  expect(total).toMatchObject({
    requests: 0,
    requestsPerSecond: 0,
    good: null,
    firstTokenMs: null,
  });
});

test("rates are per second in which a request was inside", () => {
  const { clock, load } = windowAt(0);
  clock.now = 10_000;
  load.add(ended(answer({ totalMs: 2_000, tokens: 30 }))); // 8 to 10
  clock.now = 11_000;
  load.add(ended(answer({ totalMs: 2_000, tokens: 30 }))); // 9 to 11
  clock.now = 30_000;
  load.add(ended(answer({ totalMs: 1_000, tokens: 20 }))); // 29 to 30
  clock.now = 50_000;

  const { activeMs, total } = report(load);
  expect(activeMs).toBe(4_000);
  expect(total).toMatchObject({ requests: 3, requestsPerSecond: 0.75, tokensOut: 80 });
  expect(total).toMatchObject({ tokensOutPerSecond: 20, tokensIn: 30, tokensCached: 12 });
});

test("a window has the requests that ended in it, and counts only their time in it", () => {
  const { clock, load } = windowAt(0);
  clock.now = 10_000;
  load.add(ended(answer({ totalMs: 1_000 })));
  clock.now = 70_000;
  load.add(ended(answer({ totalMs: 65_000 })));
  clock.now = 71_000;

  const { total, activeMs, coveredMs } = report(load, NO_TARGETS, 10_000);
  expect([total.requests, activeMs, coveredMs]).toEqual([1, 9_000, 10_000]);
});

test("a young server covers less than the window", () => {
  const { clock, load } = windowAt(1_000);
  clock.now = 6_000;

  expect(report(load).coveredMs).toBe(5_000);
});

test("good are complete answers that meet all targets", () => {
  const { clock, load } = windowAt(0);
  clock.now = 20_000;
  const times = { totalMs: 1_000, firstTokenMs: 300, interTokenMs: 50, tokens: 11 };
  load.add(ended(answer(times)));
  load.add(ended(answer({ ...times, firstTokenMs: 301 })));
  load.add(ended(answer({ ...times, interTokenMs: 51 })));
  load.add(ended(answer({ ...times, firstTokenMs: null }))); // no text
  load.add(ended(answer({ totalMs: 1_000, firstTokenMs: 10 }))); // one token
  load.add(ended(answer(times), { outcome: "aborted", failure: new ServiceError("aborted", "") }));
  load.add(REFUSED);

  const good = (targets: LoadTargets) => report(load, targets).total.good;
  expect(good({ firstTokenMs: 300, interTokenMs: 50 })).toBe(2);
  expect(good({ firstTokenMs: 301, interTokenMs: null })).toBe(4);
  expect(good({ firstTokenMs: null, interTokenMs: 50 })).toBe(4);
  expect(report(load, { firstTokenMs: 300, interTokenMs: 50 }).total).toMatchObject({
    ...{ requests: 7, goodPerSecond: 2 },
    outcomes: { stop: 5, aborted: 1, queue_full: 1 },
  });
});

test("percentiles are those of the nearest rank, and a refusal has no times", () => {
  const { clock, load } = windowAt(0);
  clock.now = 200_000;
  for (let ms = 1; ms <= 100; ms++) load.add(ended(answer({ totalMs: ms * 10, firstTokenMs: ms })));
  load.add(REFUSED);

  const { total } = report(load);
  expect(total.firstTokenMs).toEqual({ p50: 50, p90: 90, p95: 95, p99: 99, max: 100 });
  expect(total.totalMs).toEqual({ p50: 500, p90: 900, p95: 950, p99: 990, max: 1_000 });
  expect(total.queueMs).toMatchObject({ p50: 2, max: 2 });
});

test("times between tokens are those of all tokens, at most 2.5 % off", () => {
  const { load } = windowAt(0);
  load.add(ended(answer({ totalMs: 1, interTokenMs: 20, tokens: 91 })));
  load.add(ended(answer({ totalMs: 1, interTokenMs: 300, tokens: 11 })));

  const { p50 = 0, p90 = 0, p95 = 0, max = 0 } = report(load).total.interTokenMs ?? {};
  for (const [measured, exact] of [
    [p50, 20],
    [p90, 20],
    [p95, 300],
    [max, 300],
  ] as const)
    expect(Math.abs(measured / exact - 1)).toBeLessThan(0.025);
});

test("lines by model and by key are parts of the total", () => {
  const { load } = windowAt(0);
  const embedding = {
    type: "embedding" as const,
    ...{ model: "bert", servedModel: "bert", inputs: 2, promptTokens: 7, queueMs: 1, totalMs: 5 },
  };
  load.add(ended(answer({ totalMs: 1 })));
  load.add(ended(embedding, { key: "bob", outcome: "computed" }));
  load.add(REFUSED);
  load.add(ended(null, { key: null, outcome: "not_found" }));

  const { total, byModel, byKey } = report(load);
  const counts = (lines: typeof byKey) =>
    [...lines].map(([name, { requests, tokensIn }]) => [name, requests, tokensIn]);
  expect(total.requests).toBe(4);
  expect(counts(byModel)).toEqual([
    ["m", 1, 10],
    ["bert", 1, 7],
  ]);
  expect(counts(byKey)).toEqual([
    ["alice", 1, 10],
    ["bob", 2, 7],
  ]);
  expect(counts(report(load, NO_TARGETS, 60_000, new Set(["bob"])).byKey)).toEqual([["bob", 2, 7]]);
});

test("what is older than 15 minutes is forgotten, and with many requests the oldest", () => {
  const { clock, load } = windowAt(0);
  load.add(REFUSED);
  clock.now = 900_001;
  expect(report(load, NO_TARGETS, 900_000).total.requests).toBe(0);

  for (let index = 0; index < 40_000; index++) {
    clock.now += 1;
    load.add(REFUSED);
  }
  const { total, coveredMs } = report(load, NO_TARGETS, 900_000);
  expect([total.requests, coveredMs]).toEqual([16_384, 16_383]);
});
