// One day of usage as a file: DAY.json in the usage folder, with one line for each key.

import { readFileSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { DayUsage } from "./daily-usage.ts";
import { isDay, type UtcDay } from "./utc-day.ts";

const count = z.number().min(0);
const dayFile = z.strictObject({
  version: z.literal(1),
  keys: z.array(
    z.strictObject({
      owner: z.string(),
      name: z.string().nullable(),
      requests: count,
      promptTokens: count,
      cachedTokens: count,
      completionTokens: count,
      spentTokens: count,
    }) satisfies z.ZodType<DayUsage>,
  ),
});

const SUFFIX = ".json";

/** The day of a file of the folder; null for another file. */
export function dayOfFile(name: string): UtcDay | null {
  const day = path.basename(name, SUFFIX);
  return name === fileOf(day) && isDay(day) ? day : null;
}

/** The file's name in the folder. */
export function fileOf(day: UtcDay): string {
  return `${day}${SUFFIX}`;
}

/** @returns null for a file that is damaged. @throws Error of the file system */
export function readDayFile(file: string): readonly DayUsage[] | null {
  const text = readFileSync(file, "utf8");
  try {
    return dayFile.parse(JSON.parse(text)).keys;
  } catch {
    return null;
  }
}

/** Replaces the file as a whole: a process that is killed meanwhile leaves the old one. @throws Error of the file system */
export async function writeDayFile(file: string, entries: readonly DayUsage[]): Promise<void> {
  const temporary = `${file}.new`;
  const lines = entries.map((entry) => JSON.stringify(entry)).join(",\n");
  try {
    const handle = await open(temporary, "w", 0o600);
    try {
      await handle.writeFile(`{"version":1,"keys":[\n${lines}\n]}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}); // it takes space on a full disk; the first error says more
    throw error;
  }
}
