// The events of one stream, kept so that a reader can come back to them: what it missed, then what comes, without a gap.

import { abortReason, ServiceError } from "../errors.ts";

/** One server-sent event, before it is bytes. */
export type LoggedEvent = {
  readonly event?: string;
  readonly id?: string;
  readonly data: string;
};

/** A reader gets about so much at once, in characters: it waits for its socket in between. */
const BATCH_CHARS = 65_536;
/** What an event takes beside its text, in bytes. */
const EVENT_BYTES = 64;

/** Single writer, any number of readers. Events are numbered from 0. */
export class EventLog {
  readonly #onGrowth: (bytes: number) => void;
  #events: LoggedEvent[] = [];
  /** Of all that were appended, dropped ones included. */
  #count = 0;
  #bytes = 0;
  #hasEnded = false;
  #isDropped = false;
  #wake: (() => void)[] = [];

  /** @param onGrowth called with what each append added, in bytes */
  constructor(onGrowth: (bytes: number) => void = () => {}) {
    this.#onGrowth = onGrowth;
  }

  /** What it keeps in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether nothing was ever written to it. */
  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Whether its events are gone, to make room. */
  get isDropped(): boolean {
    return this.#isDropped;
  }

  /** Nothing is kept after the end, or once it has been dropped. */
  append(events: readonly LoggedEvent[]): void {
    if (this.#hasEnded || events.length === 0) return;
    this.#count += events.length;
    if (this.#isDropped) return;
    let bytes = 0;
    for (const event of events) {
      this.#events.push(event);
      bytes += EVENT_BYTES + 2 * event.data.length; // a text of any script takes two bytes a character at most
    }
    this.#bytes += bytes;
    this.#wakeAll();
    this.#onGrowth(bytes);
  }

  /** Readers get what there is, and are done. */
  end(): void {
    this.#hasEnded = true;
    this.#wakeAll();
  }

  /** Gives its memory back: whoever has not read all of it cannot any more. @returns the bytes that are free now */
  drop(): number {
    const freed = this.#bytes;
    this.#events = [];
    this.#bytes = 0;
    this.#isDropped = true;
    this.#wakeAll();
    return freed;
  }

  /**
   * The events after number `after` (-1 for all), in batches; then those that come, until the end.
   * @throws ServiceError the signal's reason, or `events_dropped`
   */
  async *read(
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<readonly LoggedEvent[], void, undefined> {
    let next = after + 1;
    for (;;) {
      if (signal.aborted) throw abortReason(signal);
      const batch = this.#batchFrom(next);
      next += batch.length;
      if (batch.length > 0) yield batch;
      else if (this.#isDropped && (next < this.#count || !this.#hasEnded)) throw eventsDropped();
      else if (this.#hasEnded) return;
      else await this.#news(signal);
    }
  }

  #batchFrom(next: number): readonly LoggedEvent[] {
    let end = next;
    for (let chars = 0; end < this.#events.length && chars < BATCH_CHARS; end++)
      chars += this.#events[end]?.data.length ?? 0;
    return this.#events.slice(next, end);
  }

  /** Resolves at the next change, or when the signal is aborted. */
  #news(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener("abort", done);
        resolve();
      };
      signal.addEventListener("abort", done, { once: true });
      this.#wake.push(done);
    });
  }

  #wakeAll(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}

export function eventsDropped(): ServiceError {
  return new ServiceError(
    "events_dropped",
    "its events are not kept any more (--response-store); it can be read without stream",
  );
}
