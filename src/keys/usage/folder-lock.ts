// A lock file that says which process uses a folder. It is renewed while the process lives, so that one that a killed process
// left behind, on this machine or in another container, is taken over.

import { randomUUID } from "node:crypto";
import {
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";

export type LockHolder = {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  /** When its process started, in ms since 1970: a later process may have the same pid. */
  readonly startedAtMs: number;
};

/** A lock that was not renewed for this time belongs to no living process. */
const STALE_MS = 30_000;

export class FolderLock {
  readonly #file: string;
  readonly #now: () => number;
  readonly #self: LockHolder = {
    id: randomUUID(),
    pid: process.pid,
    host: hostname(),
    startedAtMs: performance.timeOrigin,
  };

  /** @param now milliseconds since 1970; another clock for tests */
  constructor(file: string, now: () => number = Date.now) {
    this.#file = file;
    this.#now = now;
  }

  /** @returns null if it is held now, otherwise who holds it. @throws Error of the file system */
  acquire(): LockHolder | "unknown" | null {
    if (this.#create()) return null;
    const holder = this.#holder();
    if (this.#isFresh(holder)) return holder ?? "unknown";
    const temporary = `${this.#file}.${this.#self.id}`;
    writeFileSync(temporary, JSON.stringify(this.#self), { mode: 0o600 });
    renameSync(temporary, this.#file);
    return null;
  }

  /** Whether no other process has taken it over. */
  get isHeld(): boolean {
    return this.#holder()?.id === this.#self.id;
  }

  /** Must be called more often than every 30 s. @throws Error of the file system */
  renew(): void {
    const seconds = this.#now() / 1000;
    utimesSync(this.#file, seconds, seconds);
  }

  release(): void {
    if (this.isHeld) rmSync(this.#file, { force: true });
  }

  #create(): boolean {
    try {
      const descriptor = openSync(this.#file, "wx", 0o600);
      writeSync(descriptor, JSON.stringify(this.#self));
      closeSync(descriptor);
      this.renew();
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
  }

  /** Null if the file is missing or not complete. */
  #holder(): LockHolder | null {
    try {
      return JSON.parse(readFileSync(this.#file, "utf8")) as LockHolder; // only this class writes it
    } catch {
      return null;
    }
  }

  #isFresh(holder: LockHolder | null): boolean {
    const modifiedMs = statSync(this.#file, { throwIfNoEntry: false })?.mtimeMs;
    if (modifiedMs === undefined || this.#now() - modifiedMs > STALE_MS) return false;
    if (holder === null || holder.host !== this.#self.host) return true;
    if (holder.pid === process.pid) return holder.startedAtMs === this.#self.startedAtMs;
    return isAlive(holder.pid);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
