// The events of one run that its gateway may not have yet, with their numbers. They can be sent again.

import { weightOfEvent } from "../../generation/events.ts";
import type { NumberedEvent } from "../messages.ts";

type RunEvent = NumberedEvent["event"];

/** What an event takes in memory besides its text: about. */
const EVENT_BYTES = 100;
const TOKEN_ID_BYTES = 8;

export class EventRing {
  /** Number of the first event that is still here. */
  #first = 0;
  #events: RunEvent[] = [];
  /** What all events that were ever added take in memory, about. */
  addedBytes = 0;

  /** Number of the next event: how many there were. */
  get next(): number {
    return this.#first + this.#events.length;
  }

  /** Whether every event is still here. */
  get isWhole(): boolean {
    return this.#first === 0;
  }

  /** @returns the event's number */
  add(event: RunEvent): number {
    this.#events.push(event);
    this.addedBytes += bytesOf(event);
    return this.next - 1;
  }

  /** All events from this number on that are still here. */
  from(number: number): readonly NumberedEvent[] {
    const skipped = Math.max(0, number - this.#first);
    return this.#events
      .slice(skipped)
      .map((event, index) => ({ number: this.#first + skipped + index, event }));
  }

  /** Forgets the events before this number. */
  dropBelow(number: number): void {
    const dropped = Math.min(number, this.next) - this.#first;
    if (dropped <= 0) return;
    this.#events.splice(0, dropped);
    this.#first += dropped;
  }
}

function bytesOf(event: RunEvent): number {
  if (event.type !== "output") return EVENT_BYTES;
  const ids = "ids" in event.event ? (event.event.ids?.length ?? 0) : 0;
  return EVENT_BYTES + weightOfEvent(event.event) + TOKEN_ID_BYTES * ids;
}
