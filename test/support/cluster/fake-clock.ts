// A clock that tests advance by hand.

import type { ClusterClock } from "../../../src/cluster/cluster-clock.ts";

type Timer = { readonly intervalMs: number; readonly action: () => void; nextAtMs: number };

export class FakeClock implements ClusterClock {
  #nowMs = 0;
  readonly #timers = new Set<Timer>();

  readonly now = (): number => this.#nowMs;

  readonly every = (intervalMs: number, action: () => void): (() => void) => {
    const timer = { intervalMs, action, nextAtMs: this.#nowMs + intervalMs };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** Lets time pass; each action is called as often as it is due, in order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#timers].sort((one, other) => one.nextAtMs - other.nextAtMs);
      if (!next || next.nextAtMs > endMs) break;
      this.#nowMs = next.nextAtMs;
      next.nextAtMs += next.intervalMs;
      next.action();
    }
    this.#nowMs = endMs;
  }
}
