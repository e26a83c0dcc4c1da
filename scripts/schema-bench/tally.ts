// Counts the verdicts of each set.

import { percentile } from "../../src/bench/stats.ts";
import type { Verdict } from "./judge.ts";

/** A schema of a set and its verdict. */
export type JudgedSchema = { readonly set: string; readonly id: string; readonly verdict: Verdict };

export type SetCounts = {
  /** Number of schemas. */
  readonly n: number;
  readonly compiled: number;
  readonly passing: number;
  /** Instances of the schemas that compile. */
  readonly valid: number;
  readonly validAccepted: number;
  readonly invalid: number;
  readonly invalidRejected: number;
  /** Schemas that took too long. */
  readonly timeouts: number;
};

export type BenchReport = {
  readonly sets: Readonly<Record<string, SetCounts>>;
  /** For each schema that was compiled or refused; 0 if there is none. */
  readonly compileMs: { readonly p50: number; readonly p99: number; readonly max: number };
};

export type Failure = {
  readonly id: string;
  readonly set: string;
  readonly why: string;
  readonly compileMs: number | null;
};

/** Sets in the order of their first schema. */
export function reportOf(judged: readonly JudgedSchema[]): BenchReport {
  const names = [...new Set(judged.map(({ set }) => set))];
  const counts = names.map((name) => [
    name,
    countOf(judged.flatMap(({ set, verdict }) => (set === name ? [verdict] : []))),
  ]);
  const times = judged.flatMap(({ verdict: { compileMs } }) => compileMs ?? []);
  const compileMs = {
    p50: times.length === 0 ? 0 : percentile(times, 0.5),
    p99: times.length === 0 ? 0 : percentile(times, 0.99),
    max: Math.max(0, ...times),
  };
  return { sets: Object.fromEntries(counts), compileMs };
}

export function failuresOf(judged: readonly JudgedSchema[]): readonly Failure[] {
  return judged.flatMap(({ id, set, verdict: { why, compileMs } }) =>
    why === null ? [] : [{ id, set, why, compileMs }],
  );
}

/** Schemas on which the compiler or its process failed, other than by a timeout or by refusing them. */
export function faultsOf(judged: readonly JudgedSchema[]): readonly Failure[] {
  return failuresOf(judged.filter(({ verdict }) => verdict.end === "fault"));
}

/** The counts of all sets together. */
export function sumOf(sets: readonly SetCounts[]): SetCounts {
  const sum = (count: keyof SetCounts) => sets.reduce((total, each) => total + each[count], 0);
  return {
    n: sum("n"),
    compiled: sum("compiled"),
    passing: sum("passing"),
    validAccepted: sum("validAccepted"),
    valid: sum("valid"),
    invalidRejected: sum("invalidRejected"),
    invalid: sum("invalid"),
    timeouts: sum("timeouts"),
  };
}

function countOf(verdicts: readonly Verdict[]): SetCounts {
  return sumOf(
    verdicts.map(({ end, isCompiled, why, valid, validAccepted, invalid, invalidRejected }) => ({
      n: 1,
      compiled: isCompiled ? 1 : 0,
      passing: why === null ? 1 : 0,
      validAccepted,
      valid,
      invalidRejected,
      invalid,
      timeouts: end === "timeout" ? 1 : 0,
    })),
  );
}
