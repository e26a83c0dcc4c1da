// Formats the counts as the table that `npm run schema-bench` prints.

import { tableOf } from "../examples/marked-table.ts";
import { type BenchReport, type SetCounts, sumOf } from "./tally.ts";

const HEAD = [
  "set",
  "schemas",
  "compiled %",
  "passing %",
  "valid accepted",
  "invalid rejected",
  "timeouts",
];

/** One row for each set and one for all of them; beneath, the compile times. */
export function describeReport({ sets, compileMs: { p50, p99, max } }: BenchReport): string {
  const rows = Object.entries(sets).map(([name, counts]) => rowOf(name, counts));
  const table = tableOf(HEAD, [...rows, rowOf("all", sumOf(Object.values(sets)))]);
  return `${table}\ncompile time: p50 ${ms(p50)}, p99 ${ms(p99)}, max ${ms(max)}`;
}

function rowOf(name: string, counts: SetCounts): string[] {
  const { n, compiled, passing, timeouts } = counts;
  return [
    name,
    String(n),
    percent(compiled, n),
    percent(passing, n),
    `${counts.validAccepted} of ${counts.valid}`,
    `${counts.invalidRejected} of ${counts.invalid}`,
    String(timeouts),
  ];
}

/** Rounded down, so that 100.0 means all. */
function percent(part: number, whole: number): string {
  return whole === 0 ? "-" : (Math.floor((part * 1000) / whole) / 10).toFixed(1);
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} ms`;
}
