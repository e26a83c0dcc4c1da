// The lease of a gateway in a test, which the test gives and takes.

import type { GatewayLease } from "../../../src/cluster/link.ts";

export class FakeLease implements GatewayLease {
  isHeld = false;
  term = 0;
  holder: string | null = null;
  readonly surpassed: number[] = [];
  readonly #listeners = new Set<(isHeld: boolean) => void>();

  onChange(listener: (isHeld: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  surpass(term: number): void {
    this.surpassed.push(term);
  }

  /** This gateway is active from now on. */
  give(term: number, holder: string): void {
    this.term = term;
    this.holder = holder;
    this.#change(true);
  }

  /** @param holder who is active now; null for none */
  take(holder: string | null): void {
    this.holder = holder;
    this.#change(false);
  }

  async close(): Promise<void> {
    if (this.isHeld) this.take(null);
  }

  #change(isHeld: boolean): void {
    this.isHeld = isHeld;
    for (const listener of [...this.#listeners]) listener(isHeld);
  }
}
