// One model that the server is asked to download: what is known about it, and a stream of its changes for each reader.

import { type Deferred, deferred, orAborted } from "../generation/deferred.ts";
import type { PullOutcome, PullProgress } from "./pull-process.ts";

type PullStatus = "queued" | "downloading" | "verifying" | "done" | "failed" | "cancelled";

/** A job at one moment. */
export type PullSnapshot = {
  readonly id: string;
  /** As it was asked for: a short name, `hf:user/repo:quant` or an address. */
  readonly model: string;
  readonly status: PullStatus;
  readonly completedBytes: number;
  /** Null while it is not known. */
  readonly totalBytes: number | null;
  /** Of the last seconds; null while it is not known, and when nothing is downloaded. */
  readonly bytesPerSecond: number | null;
  /** Estimated time until the last byte; null like `bytesPerSecond`. */
  readonly etaMs: number | null;
  /** The name under which the server offers the model; null before it is done. */
  readonly name: string | null;
  /** Why it failed, in one line. */
  readonly error: string | null;
  readonly startedAt: Date;
};

/** The speed is measured over at least this time, because bytes are counted in bursts. */
const SPEED_WINDOW_MS = 1_000;
/** How much of the speed is that of the newest window; the rest is older. */
const NEW_SPEED_SHARE = 0.5;

type PullJobOptions = {
  readonly id: string;
  readonly model: string;
  readonly uri: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

export class PullJob {
  readonly id: string;
  readonly model: string;
  /** The same for all spellings of the model. */
  readonly uri: string;
  readonly #now: () => number;
  #snapshot: PullSnapshot;
  #changed: Deferred<void> = deferred();
  #isKept = false;
  #readers = 0;
  /** Where the current window of the speed began. */
  #window: { readonly bytes: number; readonly atMs: number } | null = null;

  constructor({ id, model, uri, now }: PullJobOptions) {
    this.id = id;
    this.model = model;
    this.uri = uri;
    this.#now = now;
    this.#snapshot = {
      id,
      model,
      status: "queued",
      completedBytes: 0,
      totalBytes: null,
      bytesPerSecond: null,
      etaMs: null,
      name: null,
      error: null,
      startedAt: new Date(now()),
    };
  }

  get snapshot(): PullSnapshot {
    return this.#snapshot;
  }

  /** Whether it has a reader, or goes on without one. */
  get isWanted(): boolean {
    return this.#isKept || this.#readers > 0;
  }

  /** It goes on when its last reader has left. */
  keep(): void {
    this.#isKept = true;
  }

  get hasEnded(): boolean {
    return ["done", "failed", "cancelled"].includes(this.#snapshot.status);
  }

  /**
   * Yields the current snapshot at once and then each newer one, up to the last. A slow reader misses those between, so nothing
   * piles up. Throws the signal's reason when it is aborted.
   */
  async *changes(signal: AbortSignal): AsyncGenerator<PullSnapshot, void> {
    let seen: PullSnapshot | null = null;
    this.#readers += 1;
    try {
      while (true) {
        const snapshot = this.#snapshot;
        if (snapshot === seen) await orAborted(this.#changed.promise, signal);
        else {
          seen = snapshot;
          yield snapshot;
          if (snapshot === this.#snapshot && this.hasEnded) return;
        }
      }
    } finally {
      this.#readers -= 1;
    }
  }

  /** For PullJobs alone, as the methods below. */
  started(): void {
    this.#update({ status: "downloading" });
  }

  progressed({ status, completedBytes, totalBytes }: PullProgress): void {
    if (this.hasEnded) return;
    const speed = status === "downloading" ? this.#speed(completedBytes) : null;
    const left = totalBytes - completedBytes;
    this.#update({
      status,
      completedBytes,
      totalBytes: totalBytes > 0 ? totalBytes : null,
      bytesPerSecond: speed === null ? null : Math.round(speed),
      etaMs: speed && totalBytes > 0 ? Math.round((left / speed) * 1000) : null,
    });
  }

  ended(outcome: PullOutcome): void {
    if (this.hasEnded) return;
    const still = { bytesPerSecond: null, etaMs: null };
    if (outcome.type === "failed")
      return this.#update({ ...still, status: "failed", error: outcome.message });
    const { name, sizeBytes } = outcome;
    this.#update({
      ...still,
      status: "done",
      name,
      completedBytes: sizeBytes,
      totalBytes: sizeBytes,
    });
  }

  cancelled(): void {
    if (!this.hasEnded) this.#update({ status: "cancelled", bytesPerSecond: null, etaMs: null });
  }

  #speed(bytes: number): number | null {
    const atMs = this.#now();
    const window = this.#window;
    const known = this.#snapshot.bytesPerSecond;
    if (window && atMs - window.atMs < SPEED_WINDOW_MS) return known;
    this.#window = { bytes, atMs };
    if (!window || bytes < window.bytes) return known; // a connection that broke has lost some
    const newest = ((bytes - window.bytes) * 1000) / (atMs - window.atMs);
    return known === null ? newest : known + (newest - known) * NEW_SPEED_SHARE;
  }

  #update(change: Partial<PullSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    this.#changed.resolve();
    this.#changed = deferred();
  }
}
