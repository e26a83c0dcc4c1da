// After a crash, every request that was in the worker is a suspect. Suspects run alone, one at a time, so that the one that
// causes the crash is found and affects no other request. All other requests wait at this gate meanwhile.

import { deferred, orAborted } from "../generation/deferred.ts";

type EnterOptions = { readonly isSuspect: boolean; readonly signal: AbortSignal };

/** Admits many requests at once, or one suspect alone. */
export class SuspectGate {
  #inside = 0;
  #suspectsWaiting = 0;
  #isSuspectInside = false;
  #changed = deferred<void>();

  /**
   * Waits for entry.
   * @returns a function that leaves again; a second call has no effect
   * @throws the signal's reason
   */
  async enter({ isSuspect, signal }: EnterOptions): Promise<() => void> {
    if (isSuspect) this.#suspectsWaiting += 1;
    try {
      // No await between the check and the entry, so that only one of several waiting suspects enters.
      while (isSuspect ? this.#inside > 0 : this.isReserved)
        await orAborted(this.#changed.promise, signal);
      this.#inside += 1;
      this.#isSuspectInside = isSuspect;
    } finally {
      if (isSuspect) this.#suspectsWaiting -= 1;
      if (!this.isReserved) this.#notify();
    }
    return this.#leaver();
  }

  /** Whether a suspect is inside or waits, so that other requests may not enter. */
  get isReserved(): boolean {
    return this.#isSuspectInside || this.#suspectsWaiting > 0;
  }

  #leaver(): () => void {
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      this.#inside -= 1;
      if (this.#inside === 0) this.#isSuspectInside = false;
      this.#notify();
    };
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = deferred();
  }
}
