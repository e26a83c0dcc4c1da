// From verdicts to counts, failures and the printed table.

import { expect, test } from "vitest";
import { type Verdict, withoutVerdict } from "../../../scripts/schema-bench/judge.ts";
import { describeReport } from "../../../scripts/schema-bench/table.ts";
import { failuresOf, faultsOf, reportOf } from "../../../scripts/schema-bench/tally.ts";

const PASSED: Verdict = {
  end: "judged",
  isCompiled: true,
  compileMs: 2,
  valid: 2,
  validAccepted: 2,
  invalid: 1,
  invalidRejected: 1,
  why: null,
};
const FAILED: Verdict = { ...PASSED, validAccepted: 1, why: "valid rejected at index 0" };
const REFUSED: Verdict = { ...withoutVerdict("timeout", "not compiled: a: b"), end: "judged" };
const JUDGED = [
  { set: "x", id: "x1", verdict: PASSED },
  { set: "x", id: "x2", verdict: FAILED },
  { set: "x", id: "x3", verdict: { ...REFUSED, compileMs: 4 } },
  { set: "y", id: "y1", verdict: withoutVerdict("timeout", "timeout") },
  { set: "y", id: "y2", verdict: withoutVerdict("fault", "the child process ended with SIGSEGV") },
];

test("counts the schemas and instances of each set", () => {
  expect(reportOf(JUDGED)).toEqual({
    sets: {
      x: {
        n: 3,
        compiled: 2,
        passing: 1,
        validAccepted: 3,
        valid: 4,
        invalidRejected: 2,
        invalid: 2,
        timeouts: 0,
      },
      y: {
        n: 2,
        compiled: 0,
        passing: 0,
        validAccepted: 0,
        valid: 0,
        invalidRejected: 0,
        invalid: 0,
        timeouts: 1,
      },
    },
    compileMs: { p50: 2, p99: 4, max: 4 },
  });
});

test("compile times are those of schemas that were compiled or refused", () => {
  const timed = Array.from({ length: 101 }, (_, index) => ({
    set: "x",
    id: String(index),
    verdict: { ...PASSED, compileMs: 100 - index },
  }));

  expect(reportOf(timed).compileMs).toEqual({ p50: 50, p99: 99, max: 100 });
  expect(reportOf(JUDGED.slice(3)).compileMs).toEqual({ p50: 0, p99: 0, max: 0 });
});

test("every schema that does not pass is a failure; those without a verdict are faults, unless they took too long", () => {
  expect(failuresOf(JUDGED)).toEqual([
    { id: "x2", set: "x", why: "valid rejected at index 0", compileMs: 2 },
    { id: "x3", set: "x", why: "not compiled: a: b", compileMs: 4 },
    { id: "y1", set: "y", why: "timeout", compileMs: null },
    { id: "y2", set: "y", why: "the child process ended with SIGSEGV", compileMs: null },
  ]);
  expect(faultsOf(JUDGED).map(({ id }) => id)).toEqual(["y2"]);
});

test("prints a row for each set and one for all of them, and the compile times beneath", () => {
  expect(describeReport(reportOf(JUDGED)).split("\n")).toEqual([
    "| set | schemas | compiled % | passing % | valid accepted | invalid rejected | timeouts |",
    "| --- | ------- | ---------- | --------- | -------------- | ---------------- | -------- |",
    "| x   | 3       | 66.6       | 33.3      | 3 of 4         | 2 of 2           | 0        |",
    "| y   | 2       | 0.0        | 0.0       | 0 of 0         | 0 of 0           | 1        |",
    "| all | 5       | 40.0       | 20.0      | 3 of 4         | 2 of 2           | 1        |",
    "",
    "compile time: p50 2.00 ms, p99 4.00 ms, max 4.00 ms",
  ]);
});
