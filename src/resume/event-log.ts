// The events of one stream, kept so that a reconnecting reader gets the missed events and then the new ones, without a gap.

import { abortReason, ServiceError } from "../errors.ts";
import { type Deferred, deferred, orAborted } from "../generation/deferred.ts";

/** One server-sent event before encoding. */
export type LoggedEvent = {
  readonly event?: string;
  readonly id?: string;
  readonly data: string;
};

export type EventLogOptions = {
  /** Called with the bytes that an append added, or (negative) that a drop freed. */
  readonly onChange?: (bytes: number) => void;
  /** Whether each event gets its number as its id. */
  readonly isNumbered?: boolean;
  /**
   * Whether the events of an earlier log are written again. A reader may then continue after an event that does not exist yet,
   * and waits for it. Default: false.
   */
  readonly isReplay?: boolean;
  /**
   * Current memory limit. Above it, the oldest events that all readers have read are dropped; without readers, the writer
   * waits.
   */
  readonly maxBytes?: () => number;
};

/** Approximate characters per batch. A reader waits for its socket between batches. */
const BATCH_CHARS = 65_536;
/** Memory of an event in addition to its text, in bytes. */
const EVENT_BYTES = 64;
/** Share of a full log to keep when trimming. Dropping one event at a time would search the log at every event. */
const KEPT_SHARE = 0.75;

/** One writer, any number of readers. Events are numbered from 0. */
export class EventLog {
  readonly #options: EventLogOptions;
  #events: LoggedEvent[] = [];
  /** Number of the oldest event kept. */
  #first = 0;
  #bytes = 0;
  #hasEnded = false;
  /** Whether its events were dropped, and new ones are not kept. */
  #isDropped = false;
  /** What readers of dropped events get; null for `events_dropped`. */
  #loss: ServiceError | null = null;
  /** For each reader, the number of its next event. */
  readonly #readers = new Set<{ next: number }>();
  #wake: Deferred<void> | null = null;

  constructor(options: EventLogOptions = {}) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  get #isFull(): boolean {
    return this.#bytes > this.#maxBytes && !this.#isDropped;
  }

  get #maxBytes(): number {
    return this.#options.maxBytes?.() ?? Number.POSITIVE_INFINITY;
  }

  /** Number of events ever appended, including dropped ones. */
  get #count(): number {
    return this.#first + this.#events.length;
  }

  /** Whether the log has ended and has no event after number `after`. */
  isReadTo(after: number): boolean {
    return this.#hasEnded && after >= this.#count - 1;
  }

  /**
   * @throws ServiceError if the event after number `after` was dropped, or event `after` does not exist yet. In a replay it may
   * still come, until the replay has failed before it.
   */
  check(after: number): void {
    if (after + 1 < this.#first || (this.#isDropped && !this.isReadTo(after)))
      throw this.#loss ?? eventsDropped();
    const { isReplay = false } = this.#options;
    if (isReplay && this.#hasEnded && after >= this.#count) throw notContinued();
    if (after < this.#count || this.#hasEnded || isReplay) return;
    throw new ServiceError("invalid_value", `this stream has no event ${after} yet`);
  }

  /** Ignores events after the end, and keeps none once dropped. */
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
    this.#bytes += bytes;
    this.#options.onChange?.(bytes);
    this.#trim();
    this.#wakeAll();
  }

  /** @returns a promise if the log is full: it resolves when there is room, and rejects with the signal's reason */
  room(signal: AbortSignal): Promise<void> | undefined {
    return this.#isFull ? this.#waitForRoom(signal) : undefined;
  }

  async #waitForRoom(signal: AbortSignal): Promise<void> {
    while (this.#isFull) await this.#change(signal);
  }

  /** Readers finish once they have read the remaining events. */
  end(): void {
    this.#hasEnded = true;
    this.#wakeAll();
  }

  /** Frees its memory. Readers that have not read everything fail. @param loss with this error; default: `events_dropped` */
  drop(loss: ServiceError | null = null): void {
    this.#isDropped = true;
    this.#loss ??= loss;
    this.#forget(this.#events.length);
    this.#wakeAll();
  }

  /**
   * Yields the events after number `after` (-1 for all) in batches, then new events until the end.
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
        this.check(reader.next - 1);
        const batch = this.#batchFrom(reader.next);
        reader.next += batch.length;
        if (batch.length > 0) {
          yield batch;
          this.#trim();
          this.#wakeAll(); // the writer may be waiting for room
        } else if (this.#hasEnded) return;
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

  /** Drops events that all readers have read. Without a reader nothing is dropped: one may reconnect and need all of it. */
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
    const bytes = gone.reduce((sum, event) => sum + weightOf(event), 0);
    this.#bytes -= bytes;
    this.#options.onChange?.(-bytes);
  }

  /** Resolves at the next change. @throws ServiceError the signal's reason */
  #change(signal: AbortSignal): Promise<void> {
    this.#wake ??= deferred();
    return orAborted(this.#wake.promise, signal);
  }

  #wakeAll(): void {
    this.#wake?.resolve();
    this.#wake = null;
  }
}

function eventsDropped(): ServiceError {
  return new ServiceError(
    "events_dropped",
    "earlier events of this stream are no longer kept (--response-store, --resume-buffer)",
  );
}

function notContinued(): ServiceError {
  return new ServiceError(
    "events_dropped",
    "this stream could not be continued: it failed before the event that you have; send the request again",
  );
}

/** JavaScript strings take up to two bytes per UTF-16 code unit. */
function weightOf(event: LoggedEvent | undefined): number {
  return event ? EVENT_BYTES + 2 * event.data.length : 0;
}
