// The events of one stream, kept so that a reader can come back to them: what it missed, then what comes, without a gap.

import { abortReason, ServiceError } from "../errors.ts";

/** One server-sent event, before it is bytes. */
export type LoggedEvent = {
  readonly event?: string;
  readonly id?: string;
  readonly data: string;
};

export type EventLogOptions = {
  /** Called with what an append added, or a drop freed, in bytes. */
  readonly onChange?: (bytes: number) => void;
  /** Whether each event gets its number as its id. */
  readonly isNumbered?: boolean;
  /** Above this, as it is then, the oldest events go that all readers have; where there are none, the writer waits. */
  readonly maxBytes?: () => number;
};

/** A reader gets about so much at once, in characters: it waits for its socket in between. */
const BATCH_CHARS = 65_536;
/** What an event takes beside its text, in bytes. */
const EVENT_BYTES = 64;
/** When it is full, so much of it is kept: one event at a time would be a search for every event. */
const KEPT_SHARE = 0.75;

/** Single writer, any number of readers. Events are numbered from 0. */
export class EventLog {
  readonly #options: EventLogOptions;
  #events: LoggedEvent[] = [];
  /** Number of the first that is kept. */
  #first = 0;
  #bytes = 0;
  #hasEnded = false;
  #isDropped = false;
  #whyGone = eventsDropped();
  /** For each reader: the number of the event that it gets next. */
  readonly #readers = new Set<{ next: number }>();
  #wake: (() => void)[] = [];

  constructor(options: EventLogOptions = {}) {
    this.#options = options;
  }

  /** What it keeps in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether nothing was ever written to it. */
  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Whether its events are gone, and those that come are not kept. */
  get isDropped(): boolean {
    return this.#isDropped;
  }

  get #maxBytes(): number {
    return this.#options.maxBytes?.() ?? Number.POSITIVE_INFINITY;
  }

  /** Of all that were appended, dropped ones included. */
  get #count(): number {
    return this.#first + this.#events.length;
  }

  /** Whether there is, and will be, nothing after number `after`. */
  isReadTo(after: number): boolean {
    return this.#hasEnded && after >= this.#count - 1;
  }

  /** @throws ServiceError for a number of which the next event is gone, or that no event has yet */
  check(after: number): void {
    if (after + 1 < this.#first || (this.#isDropped && !this.isReadTo(after))) throw this.#whyGone;
    if (after < this.#count || this.#hasEnded) return;
    throw new ServiceError("invalid_value", `this stream has no event ${after} yet`);
  }

  /** Nothing is kept after the end, or once it has been dropped. */
  append(events: readonly LoggedEvent[]): void {
    if (this.#hasEnded || events.length === 0) return;
    if (this.#isDropped) {
      this.#first += events.length;
      return;
    }
    let bytes = 0;
    for (const event of events) {
      this.#events.push(this.#options.isNumbered ? { id: `${this.#count}`, ...event } : event);
      bytes += weightOf(event);
    }
    this.#changed(bytes);
    this.#trim();
    this.#wakeAll();
  }

  /** Waits until there is room for more. @throws ServiceError the signal's reason */
  async room(signal: AbortSignal): Promise<void> {
    while (this.#bytes > this.#maxBytes && !this.#isDropped) {
      if (signal.aborted) throw abortReason(signal);
      await this.#change(signal);
    }
  }

  /** Readers get what there is, and are done. */
  end(): void {
    this.#hasEnded = true;
    this.#wakeAll();
  }

  /** Gives its memory back: whoever has not read all of it cannot any more. @param why what they are told */
  drop(why: ServiceError = eventsDropped()): void {
    this.#isDropped = true;
    this.#whyGone = why;
    this.#forget(this.#events.length);
    this.#wakeAll();
  }

  /**
   * The events after number `after` (-1 for all), in batches; then those that come, until the end.
   * @throws ServiceError the signal's reason, or `events_dropped`
   */
  async *read(
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<readonly LoggedEvent[], void, undefined> {
    const reader = { next: after + 1 };
    this.#readers.add(reader);
    try {
      for (;;) {
        if (signal.aborted) throw abortReason(signal);
        if (reader.next < this.#first) throw this.#whyGone;
        const batch = this.#batchFrom(reader.next);
        reader.next += batch.length;
        if (batch.length > 0) {
          yield batch;
          this.#trim();
          this.#wakeAll(); // the writer may wait for this
        } else if (this.#hasEnded) return;
        else if (this.#isDropped) throw this.#whyGone;
        else await this.#change(signal);
      }
    } finally {
      this.#readers.delete(reader);
    }
  }

  #batchFrom(next: number): readonly LoggedEvent[] {
    const begin = next - this.#first;
    let end = begin;
    for (let chars = 0; end < this.#events.length && chars < BATCH_CHARS; end++)
      chars += this.#events[end]?.data.length ?? 0;
    return this.#events.slice(begin, end);
  }

  /** Forgets what all readers have; without a reader one may come back for all of it. */
  #trim(): void {
    const maxBytes = this.#maxBytes;
    if (this.#bytes <= maxBytes || this.#readers.size === 0) return;
    const read = Math.min(...[...this.#readers].map(({ next }) => next)) - this.#first;
    let count = 0;
    for (let bytes = this.#bytes; count < read && bytes > maxBytes * KEPT_SHARE; count++)
      bytes -= weightOf(this.#events[count]);
    this.#forget(count);
  }

  #forget(count: number): void {
    const gone = this.#events.splice(0, count);
    this.#first += gone.length;
    this.#changed(-gone.reduce((sum, event) => sum + weightOf(event), 0));
  }

  #changed(bytes: number): void {
    if (bytes === 0) return;
    this.#bytes += bytes;
    this.#options.onChange?.(bytes);
  }

  /** Resolves at the next change, or when the signal is aborted. */
  #change(signal: AbortSignal): Promise<void> {
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

/** A text of any script takes two bytes a character at most. */
function weightOf(event: LoggedEvent | undefined): number {
  return event ? EVENT_BYTES + 2 * event.data.length : 0;
}

function eventsDropped(): ServiceError {
  return new ServiceError(
    "events_dropped",
    "what this stream said so far is not kept any more (--response-store, --resume-buffer)",
  );
}
