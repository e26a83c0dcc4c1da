// Formats results as Markdown tables.

import { type Goal, higherIsBetter } from "../case.ts";
import { CASES } from "../cases.ts";
import type { Results } from "./results.ts";
import { type Summary, summary } from "./stats.ts";

type Columns = Results["cases"][string];

/** One table per case: medians with their spread, the ratio of the first column to every other one, and the goals. */
export function toMarkdown(results: Results): string {
  const { machine, model, rounds, commit, date, failures = [] } = results;
  const head =
    `${model.name} (${(model.bytes / 1e6).toFixed(0)} MB), ${machine.cores} x ${machine.cpu}, Node ${machine.node}, ` +
    `commit ${commit}, ${date.slice(0, 10)}; ${rounds === 1 ? "1 round" : `medians of ${rounds} rounds [least - most]`}`;
  const tables = Object.entries(results.cases).map(([name, columns]) => table(name, columns));
  const missing = failures.map((failure) => `- without figures: ${failure}`).join("\n");
  return [head, ...tables, ...(missing ? [missing] : [])].join("\n\n");
}

function table(name: string, columns: Columns): string {
  const [first = "", ...others] = Object.keys(columns);
  const figures = [...new Set(Object.values(columns).flatMap((each) => Object.keys(each)))];
  const hasGoals = figures.some((figure) => goalOf(name, figure));
  const header = [
    `**${name}**`,
    first,
    ...others,
    ...others.map((other) => `${first} / ${other}`),
    ...(hasGoals ? ["goal"] : []),
  ];
  const rows = figures.map((figure) => {
    const own = summary(columns[first]?.[figure] ?? []);
    const theirs = others.map((other) => summary(columns[other]?.[figure] ?? []));
    return [
      figure,
      ...[own, ...theirs].map(cell),
      ...theirs.map((other) => ratio(figure, own, other)),
      ...(hasGoals ? [goal(goalOf(name, figure), own)] : []),
    ];
  });
  return aligned([header, ...rows]);
}

function cell({ median, min, max }: Summary): string {
  if (!Number.isFinite(median)) return "-";
  return min === max ? short(median) : `${short(median)} [${short(min)} - ${short(max)}]`;
}

/** Empty for figures without a meaningful ratio: differences may be negative. */
function ratio(figure: string, own: Summary, other: Summary): string {
  if (!(own.median >= 0 && other.median > 0)) return "";
  const value = (own.median / other.median).toFixed(2);
  const isWorse = higherIsBetter(figure) ? Number(value) < 1 : Number(value) > 1;
  return isWorse ? `${value} (worse)` : value;
}

/** A table name may contain more than the case name: `crowd, sluice` in a comparison. */
function goalOf(table: string, figure: string): Goal | undefined {
  const goals = CASES.find(({ name }) => name === table.split(",")[0])?.goals ?? {};
  return Object.entries(goals).find(([key]) => figure === key || figure.endsWith(` ${key}`))?.[1];
}

function goal(wanted: Goal | undefined, { median }: Summary): string {
  if (!wanted) return "";
  if (!Number.isFinite(median)) return wanted;
  return isMet(wanted, median) ? wanted : `${wanted}: missed`;
}

function isMet(wanted: Goal, value: number): boolean {
  const [sign, limit] = wanted.split(" ");
  switch (sign) {
    case "<":
      return value < Number(limit);
    case "<=":
      return value <= Number(limit);
    case ">":
      return value > Number(limit);
    case ">=":
      return value >= Number(limit);
    default:
      return value === Number(limit);
  }
}

/** Integers unchanged, other values with about three digits. */
function short(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

function aligned([header = [], ...rows]: readonly (readonly string[])[]): string {
  const widths = header.map((_, index) =>
    Math.max(3, ...[header, ...rows].map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, index) => (cells[index] ?? "").padEnd(width)).join(" | ")} |`;
  return [header, widths.map((width) => "-".repeat(width)), ...rows].map(line).join("\n");
}

/** Compares two runs: the same tables, with the two files as columns. */
export function compare(before: Results, after: Results): string {
  const cases: Results["cases"] = {};
  for (const [name, columns] of Object.entries(after.cases)) {
    for (const [column, figures] of Object.entries(columns)) {
      const earlier = before.cases[name]?.[column];
      if (earlier) cases[`${name}, ${column}`] = { after: figures, before: earlier };
    }
  }
  const commit = `${after.commit} after ${before.commit}`;
  return toMarkdown({ ...after, commit, cases, failures: [] });
}
