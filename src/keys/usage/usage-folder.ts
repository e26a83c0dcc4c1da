// Keeps the usage of the keys on disk: a folder with one small file for each day, of which only the current one changes. A
// process that is killed loses at most the last second. While the disk is full, or another process uses the folder, usage is
// counted in memory, and saved when that is over.

import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import type { DailyUsage, DayUsage } from "./daily-usage.ts";
import { dayOfFile, fileOf, readDayFile, writeDayFile } from "./day-file.ts";
import { FolderLock, type LockHolder } from "./folder-lock.ts";
import type { UtcDay } from "./utc-day.ts";

export class UsageFolderError extends Error {
  override readonly name = "UsageFolderError";
}

export type UsageFolderOptions = {
  readonly folder: string;
  /** Gets what the folder has, and is saved there when it changes. */
  readonly usage: DailyUsage;
  readonly log: (level: "info" | "warn" | "error", message: string) => void;
  /** Between looks whether something has to be saved, in ms. Default: 1,000. */
  readonly saveEveryMs?: number;
};

const SAVE_EVERY_MS = 1_000;
const RENEW_MS = 5_000;

export class UsageFolder {
  readonly #options: UsageFolderOptions;
  readonly #lock: FolderLock;
  readonly #changedDays = new Set<UtcDay>();
  readonly #timer: NodeJS.Timeout;
  /** `waiting` for the lock, `lost` after another process took it over. */
  #state: "waiting" | "open" | "lost" = "waiting";
  #saving: Promise<void> = Promise.resolve();
  #isSaving = false;
  #renewedAtMs = 0;
  /** The day on which files were removed last. */
  #prunedOn: UtcDay | null = null;
  /** What is logged already, until it is over. */
  #problem: string | null = null;

  /** @throws UsageFolderError if the folder cannot be made or read */
  constructor(options: UsageFolderOptions) {
    const { folder, usage, saveEveryMs = SAVE_EVERY_MS } = options;
    this.#options = options;
    this.#lock = new FolderLock(path.join(folder, "lock"));
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      this.#open();
    } catch (error) {
      throw new UsageFolderError(
        `cannot use the usage folder ${folder}: ${reasonOf(error)}; name another one with --usage-dir`,
        { cause: error },
      );
    }
    usage.onChange = (day) => void this.#changedDays.add(day);
    this.#timer = setInterval(() => this.#tick(), saveEveryMs).unref();
  }

  /** Saves what has changed, and lets other processes use the folder. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#saving;
    await this.#save();
    if (this.#state === "open") this.#lock.release();
    if (this.#changedDays.size > 0)
      this.#options.log("error", `the latest usage is not saved: ${this.#problem}`);
  }

  #tick(): void {
    if (this.#isSaving) return;
    this.#isSaving = true;
    this.#saving = this.#save().finally(() => {
      this.#isSaving = false;
    });
  }

  /** Never rejects. */
  async #save(): Promise<void> {
    try {
      if (this.#state === "waiting") this.#open();
      if (this.#state !== "open") return;
      if (!this.#renew()) return;
      await this.#saveDays();
      this.#prune();
      this.#solved();
    } catch (error) {
      this.#complain(`cannot save the usage in ${this.#options.folder}: ${reasonOf(error)}`);
    }
  }

  /** Gets the lock and reads the folder, or leaves both for later. @throws Error of the file system */
  #open(): void {
    const holder = this.#lock.acquire();
    if (holder !== null) return this.#complain(this.#usedBy(holder));
    try {
      this.#read();
    } catch (error) {
      this.#lock.release();
      throw error;
    }
    this.#state = "open";
    this.#renewedAtMs = performance.now();
  }

  #usedBy(holder: LockHolder | "unknown"): string {
    const { folder } = this.#options;
    const who =
      holder === "unknown" ? "another process" : `process ${holder.pid} on ${holder.host}`;
    return `${who} uses the usage folder ${folder}`;
  }

  /** Reads everything before it counts anything: a failed read is repeated. @throws Error of the file system */
  #read(): void {
    const { folder, usage } = this.#options;
    const days = readdirSync(folder).flatMap((name) => {
      const day = dayOfFile(name);
      return day === null || day < usage.oldestDay ? [] : [{ day, entries: this.#readDay(name) }];
    });
    for (const { day, entries } of days) usage.merge(day, entries);
  }

  /** Keeps a damaged file aside. */
  #readDay(name: string): readonly DayUsage[] {
    const { folder, log } = this.#options;
    const entries = readDayFile(path.join(folder, name));
    if (entries) return entries;
    const aside = `${name}.damaged-${Date.now()}`;
    renameSync(path.join(folder, name), path.join(folder, aside));
    const problem = `${name} in the usage folder ${folder} is damaged`;
    log("error", `${problem}: it is kept as ${aside}, and its usage is not counted`);
    return [];
  }

  /** @returns whether the folder is still this process's own */
  #renew(): boolean {
    if (this.#changedDays.size === 0 && performance.now() - this.#renewedAtMs < RENEW_MS)
      return true;
    if (!this.#lock.isHeld) {
      this.#state = "lost";
      this.#complain(
        `another process has taken over the usage folder ${this.#options.folder}, because this one did not run for some time; restart one of them`,
      );
      return false;
    }
    this.#lock.renew();
    this.#renewedAtMs = performance.now();
    return true;
  }

  async #saveDays(): Promise<void> {
    const { folder, usage } = this.#options;
    for (const day of [...this.#changedDays]) {
      this.#changedDays.delete(day);
      try {
        await writeDayFile(path.join(folder, fileOf(day)), usage.of(day));
      } catch (error) {
        this.#changedDays.add(day);
        throw error;
      }
    }
  }

  /** Removes the files of days that are too old, once a day. */
  #prune(): void {
    const { folder, usage } = this.#options;
    if (this.#prunedOn === usage.today) return;
    for (const name of readdirSync(folder)) {
      const day = dayOfFile(name);
      if (day !== null && day < usage.oldestDay) rmSync(path.join(folder, name), { force: true });
    }
    this.#prunedOn = usage.today;
  }

  /** Logs a problem once. */
  #complain(problem: string): void {
    if (this.#problem === problem) return;
    this.#problem = problem;
    this.#options.log("error", `${problem}; usage is counted in memory only until this is over`);
  }

  #solved(): void {
    if (this.#problem === null) return;
    this.#problem = null;
    this.#options.log("info", `usage is saved in ${this.#options.folder} again`);
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
