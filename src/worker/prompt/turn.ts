// How a long answer shares its process with the streams: it computes in slices, and others compute between them.

/** How long a slice computes at least. Most decode steps take longer. */
const SLICE_MS = 4;

export interface Turn {
  /** Aborted when the answer is no longer needed. */
  readonly signal: AbortSignal;
  /** Call it often. Pauses if the answer has computed for a slice. @throws the signal's reason */
  pause(): Promise<void>;
  /** Waits for work in another thread, while others compute here. @throws the signal's reason */
  wait<T>(work: Promise<T>): Promise<T>;
}

/**
 * Waits until the answer may compute again.
 * @param computedMs how long the slice took
 * @param until work in another thread that comes first; null for none
 */
type Rest = (computedMs: number, until: Promise<unknown> | null) => Promise<void>;

export class SlicedTurn implements Turn {
  readonly #rest: Rest;
  readonly #controller = new AbortController();
  #startedAtMs = performance.now();
  #restedMs = 0;

  constructor(rest: Rest) {
    this.#rest = rest;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** How long the answer has computed, without its pauses. */
  get computedMs(): number {
    return this.#restedMs + this.sliceMs;
  }

  /** How long the current slice has computed. */
  get sliceMs(): number {
    return performance.now() - this.#startedAtMs;
  }

  abort(reason: Error): void {
    this.#controller.abort(reason);
  }

  async pause(): Promise<void> {
    if (this.sliceMs >= SLICE_MS) await this.#stop(null);
  }

  async wait<T>(work: Promise<T>): Promise<T> {
    await this.#stop(work.catch(() => {})); // the caller gets the error below
    return await work;
  }

  async #stop(until: Promise<unknown> | null): Promise<void> {
    const { sliceMs } = this;
    this.#restedMs += sliceMs;
    await this.#rest(sliceMs, until);
    this.#startedAtMs = performance.now();
    this.signal.throwIfAborted();
  }
}
