// The report of an abuse run: its figures, its chart, the running abuse, and the answers to each kind.

import { expect, test } from "vitest";
import { figuresOf, phasesOf, reportOf } from "../../soak/abuse-run/abuse-report.ts";
import type { AbuseRecord } from "../../soak/abuse-run/abusers.ts";

const sample = {
  serverMb: 120,
  heapMb: 40,
  workerMb: 300,
  descriptors: 30,
  zombies: 0,
  busy: 1,
  waiting: 0,
  tokensOut: 0,
};
const record: AbuseRecord = {
  name: "bad HTTP",
  route: "nginx",
  fromMs: 20_000,
  toMs: 21_000,
  notes: { "400": 2 },
};
const run = {
  seed: 7,
  minutes: 1,
  hasNginx: true,
  abuseFromMs: 10_000,
  abuseToMs: 70_000,
  endMs: 90_000,
  answers: [5_000, 20_000, 80_000].map((atMs) => ({
    client: "honest-1",
    atMs,
    ttftMs: atMs / 1_000,
    fault: null,
  })),
  probes: [5_000, 20_000, 80_000].map((atMs) => ({ atMs, ms: 250, starvedMs: 50, fault: null })),
  samples: [6_000, 30_000, 85_000].map((atMs) => ({ ...sample, atMs })),
  abuses: [record, { ...record, toMs: Number.POSITIVE_INFINITY, notes: {} }],
  memory: { before: 120, after: null },
  growth: { heap: null, server: 1.5, worker: null, minutes: 1 },
  faults: ["something"],
};

test("observations belong to a phase", () => {
  const { alone, beside, quiet } = phasesOf(run, run.answers);

  expect([alone, beside, quiet].map((each) => each.map(({ atMs }) => atMs))).toEqual([
    ...[[5_000], [20_000], [80_000]],
  ]);
});

test("the figures compare the clients and /health with and without abuse", () => {
  expect(figuresOf(run)).toEqual([
    "2 abuses of 1 kinds",
    "honest-1: 1 answers alone, TTFT p95 5 ms; 1 beside the abuse, p95 20 ms",
    "/health alone: p50 200 ms, p99 200 ms, max 200 ms (250 ms including waits for a CPU)",
    "/health beside the abuse: p50 200 ms, p99 200 ms, max 200 ms (250 ms including waits for a CPU)",
    "server 120 MB before the abuse, up to 120 MB, (not measured) after it; 1.50 MB per minute during the abuse",
    "open files up to 30, queue up to 0",
    "1 faults",
  ]);
});

test("the page has the faults, the running abuse, and the answers to each kind", () => {
  const { "report.md": page = "", "chart.svg": svg = "" } = reportOf(run);

  expect(page).toContain("# Abuse of 1 minutes, half of it through nginx, seed 7: FAILED");
  expect(page).toContain("- something");
  expect(page).toContain("- 200 ms at 20.0 s: bad HTTP (nginx)");
  expect(page).toContain("| bad HTTP | nginx | 2 | 2 400, 1 cut off by the end of the run |");
  expect(svg).not.toContain("NaN");
  // Every panel has a line, because three samples were taken.
  const lines = [...svg.matchAll(/d="(M[^"]*)" fill="none" stroke="#(?!888)/g)];
  expect(lines.length).toBeGreaterThanOrEqual(9);
});
