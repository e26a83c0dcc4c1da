// The latencies of tokens, from their making to their reader, in microseconds.

import { percentile } from "../../src/bench/stats.ts";
import { clockMicros, STAMP_CHARS } from "./paced-worker.ts";

/** Latencies above this count as this. */
const MOST_MICROS = 10_000_000;

export class Latencies {
  #values: number[] = [];
  isCounting = false;

  /** @param text the times of one or more tokens */
  add(text: string): void {
    if (!this.isCounting) return;
    const nowMicros = clockMicros();
    for (let at = 0; at < text.length; at += STAMP_CHARS) {
      const madeMicros = Number(text.slice(at, at + STAMP_CHARS));
      this.#values.push(Math.min(MOST_MICROS, nowMicros - madeMicros));
    }
  }

  /** Milliseconds at these shares of all tokens, and their number. */
  get figures(): LatencyFigures {
    const at = (share: number) => percentile(this.#values, share) / 1000;
    return { tokens: this.#values.length, p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999) };
  }
}

export type LatencyFigures = {
  readonly tokens: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
};
