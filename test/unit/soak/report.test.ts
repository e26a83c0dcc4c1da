// The figures of a soak, its chart, and memory growth.

import { expect, test } from "vitest";
import { chart } from "../../soak/report/chart.ts";
import { faultsOfGrowth, growthIn } from "../../soak/report/growth.ts";
import { figuresOf, reportOf } from "../../soak/report/report.ts";
import type { Sample } from "../../soak/report/samples.ts";

const SECOND_MS = 1_000;

/** One sample every 10 s for ten minutes. */
function samples(part: (minute: number) => Partial<Sample>): Sample[] {
  return Array.from({ length: 61 }, (_, index) => ({
    ...{
      atMs: index * 10 * SECOND_MS,
      serverMb: 100,
      heapMb: 50,
      workerMb: 300,
      descriptors: 40,
      zombies: 0,
    },
    busy: 4,
    waiting: 2,
    tokensOut: index * 10_000,
    ...part(index / 6),
  }));
}

test("memory that fills up and then stays constant is no growth; steadily rising memory is", () => {
  const filling = growthIn(
    samples((minute) => ({ serverMb: 100 + 50 * Math.min(minute, 3) })),
    0,
  );
  const leaking = growthIn(
    samples((minute) => ({ workerMb: 300 + 4 * minute })),
    0,
  );

  expect(filling.server).toBe(0);
  expect(faultsOfGrowth(filling)).toEqual([]);
  expect(leaking.worker).toBeCloseTo(4);
  expect(faultsOfGrowth(leaking)).toEqual(["the memory of the worker grows by 4.00 MB per minute"]);
});

test("no growth is reported for a short run", () => {
  const growth = growthIn(
    samples((minute) => ({ serverMb: 100 * minute })),
    560 * SECOND_MS,
  );

  expect([growth.server, faultsOfGrowth(growth)]).toEqual([null, []]);
});

const line = (outcome: string, ttftMs: number | null) => ({
  requestId: "a",
  outcome,
  ttftMs,
  atMs: 5_000,
});
const run = {
  seed: 7,
  minutes: 10,
  startedAtMs: 0,
  faults: ["something"],
  samples: samples(() => ({})),
  lines: [line("stop", 10), line("stop", 20), line("aborted", null)],
  kills: [{ atMs: 60_000, way: "SIGKILL" }],
  growth: { heap: 0, server: 0.1, worker: null, minutes: 10 },
};

test("the report has the figures, the faults, and the chart", () => {
  expect(figuresOf(run)).toEqual([
    "3 requests: 2 stop, 1 aborted",
    "1000 tokens/s; TTFT p50 20 ms, p99 20 ms",
    "queue up to 2, open files up to 40",
    "server 100 MB at the start, 100 MB at the end; 0.10 MB per minute after warm-up",
    "server heap 50.0 MB at the start, 50.0 MB at the end; 0.00 MB per minute after warm-up",
    "worker 300 MB at the end; too short to measure growth",
    "1 worker crashes; 1 faults",
  ]);
  const report = reportOf(run);
  expect(report["report.md"]).toContain("# Soak of 10 minutes, seed 7: FAILED");
  expect(report["report.md"]).toContain("- something");
  expect(report["chart.svg"]).toContain("time to first token");
});

test("a line of the chart has a gap where nothing was measured", () => {
  const points = [
    [0, 1],
    [1, Number.NaN],
    [2, 1],
    [3, 1],
  ] as const;
  const svg = chart({
    panels: [{ title: "t", lines: [{ name: "n", color: "red", points }] }],
    seconds: 3,
    marks: [1],
  });

  expect(/d="([^"]+)" fill="none" stroke="red"/.exec(svg)?.[1]).toMatch(
    /^M\S+ \S+M\S+ \S+L\S+ \S+$/,
  );
  expect(svg).not.toContain("NaN");
});
