// `sluice keys usage [NAME]`: a table of what keys have used, from the usage folder of a server. It only reads.

import { readdirSync } from "node:fs";
import path from "node:path";
import type { DayUsage } from "../../keys/usage/daily-usage.ts";
import { dayOfFile, readDayFile } from "../../keys/usage/day-file.ts";
import { dayOf, isDay, isSameMonth, type UtcDay } from "../../keys/usage/utc-day.ts";
import { CommandError } from "../command-error.ts";
import { asTable } from "../text/table.ts";
import type { Flags } from "./key-flags.ts";

/** For `parseArgs()`. */
export const USAGE_FLAGS = {
  "usage-dir": { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
} as const;

type UsageOptions = {
  /** The key; null for all. */
  readonly name: string | null;
  readonly flags: Flags;
  /** The folder without the option. */
  readonly folder: string | undefined;
};

type Line = DayUsage & { readonly day: UtcDay };

const COUNTS = ["REQUESTS", "PROMPT", "CACHED", "ANSWERS", "BUDGET"];

/** @throws CommandError */
export function usageTable({ name, flags, folder }: UsageOptions): string {
  const dir = flags["usage-dir"] ?? folder;
  if (dir === undefined)
    throw new CommandError("keys usage: requires --usage-dir DIR, the folder of the server");
  const today = dayOf(Date.now());
  const from = dayIn(flags, "from") ?? "";
  const to = dayIn(flags, "to") ?? today;
  const lines = linesOf(String(dir)).filter(({ day }) => day >= from && day <= to);
  if (name === null) return tableOfAll(lines, today);
  const own = lines.filter((line) => line.name === name);
  const rows = own.map((line) => [line.day, ...countsOf([line])]);
  return asTable([["DAY", ...COUNTS], ...rows, ["all", ...countsOf(own)]]);
}

function tableOfAll(lines: readonly Line[], today: UtcDay): string {
  const names = [...new Set(lines.map(nameOf))].sort();
  const rows = names.map((name) => {
    const own = lines.filter((line) => nameOf(line) === name);
    const budgetOf = (some: readonly Line[]) => countsOf(some).at(-1) ?? "0";
    const ofToday = budgetOf(own.filter(({ day }) => day === today));
    const ofMonth = budgetOf(own.filter(({ day }) => isSameMonth(day, today)));
    return [name, ...countsOf(own), ofToday, ofMonth];
  });
  return asTable([["NAME", ...COUNTS, "TODAY", "THIS MONTH"], ...rows]);
}

function nameOf({ name }: Line): string {
  return name ?? "-";
}

/** The sums of some lines, in the order of `COUNTS`. */
function countsOf(lines: readonly Line[]): readonly string[] {
  const sum = (count: (line: Line) => number) =>
    String(Math.round(lines.reduce((total, line) => total + count(line), 0)));
  return [
    sum(({ requests }) => requests),
    sum(({ promptTokens }) => promptTokens),
    sum(({ cachedTokens }) => cachedTokens),
    sum(({ completionTokens }) => completionTokens),
    sum(({ spentTokens }) => spentTokens),
  ];
}

function linesOf(folder: string): readonly Line[] {
  try {
    return readdirSync(folder)
      .sort()
      .flatMap((file) => {
        const day = dayOfFile(file);
        if (day === null) return [];
        const entries = readDayFile(path.join(folder, file));
        if (entries) return entries.map((entry) => ({ ...entry, day }));
        throw new CommandError(`keys usage: ${path.join(folder, file)} is damaged`);
      });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new CommandError(`keys usage: cannot read the usage folder ${folder}: ${code}`);
  }
}

/** @throws CommandError */
function dayIn(flags: Flags, flag: "from" | "to"): UtcDay | null {
  const given = flags[flag];
  if (given === undefined) return null;
  if (isDay(String(given))) return String(given);
  throw new CommandError(
    `keys usage: --${flag} is ${JSON.stringify(given)}: allowed is a day such as 2027-01-31`,
  );
}
