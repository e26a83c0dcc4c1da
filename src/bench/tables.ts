// Formats the figures of a case as a Markdown table.

import { type Goal, higherIsBetter } from "./case.ts";
import { type Summary, summary } from "./stats.ts";

/** Column → figure → one value per round. */
export type Columns = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
/** Goals by figure name or by its end. */
export type Goals = Readonly<Record<string, Goal>>;

/** Medians with their spread, the ratio of the first column to every other one, and the goals. */
export function table(name: string, columns: Columns, goals: Goals): string {
  const [first = "", ...others] = Object.keys(columns);
  const figures = [...new Set(Object.values(columns).flatMap((each) => Object.keys(each)))];
  const hasGoals = figures.some((figure) => goalOf(goals, figure));
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
      ...(hasGoals ? [goal(goalOf(goals, figure), own)] : []),
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

function goalOf(goals: Goals, figure: string): Goal | undefined {
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
