// After a crash every request that was in the worker is a suspect. Suspects run alone, one at a time, so that the one
// that kills the worker is found and takes nobody with it; everyone else waits at this gate meanwhile.

/** Entry to the worker: many at once, or one suspect alone. */
export class SuspectGate {
  #inside = 0;
  #suspectsWaiting = 0;
  #isSuspectInside = false;
  #changed: (() => void)[] = [];

  /**
   * Waits for entry.
   * @returns a function that leaves again; calling it twice does no harm
   * @param options.wait waits for a change, or throws when the request is over
   * @throws what `wait` throws
   */
  async enter(options: {
    readonly isSuspect: boolean;
    readonly wait: (change: Promise<void>) => Promise<void>;
  }): Promise<() => void> {
    if (options.isSuspect) await this.#waitAsSuspect(options.wait);
    else while (this.isSuspicious) await options.wait(this.#change());
    this.#inside += 1;
    this.#isSuspectInside = options.isSuspect;
    return this.#leaver();
  }

  async #waitAsSuspect(wait: (change: Promise<void>) => Promise<void>): Promise<void> {
    this.#suspectsWaiting += 1;
    try {
      while (this.#inside > 0) await wait(this.#change());
    } finally {
      this.#suspectsWaiting -= 1;
      this.#notify();
    }
  }

  /** Whether a suspect is inside or waits: nobody else gets in. */
  get isSuspicious(): boolean {
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

  #change(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve));
  }

  #notify(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const resolve of waiting) resolve();
  }
}
