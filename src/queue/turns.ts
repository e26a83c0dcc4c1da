// Gives out the turns on the slots of one lane: p-queue counts them, FairShare chooses who is next. Only this file knows p-queue.

import PQueue, { type Queue, type QueueAddOptions } from "p-queue";
import type { FairShare } from "./fair-share.ts";
import type { SlotRequest } from "./share-tier.ts";

type StartTurn = () => Promise<unknown>;
type TurnOptions = QueueAddOptions & { readonly request: SlotRequest };
type TurnQueue = Queue<StartTurn, TurnOptions>;

export type TurnsOptions = {
  readonly lane: string;
  /** 0: no turn begins until `setSlots()`. */
  readonly slots: number;
  readonly order: FairShare;
  /** Whether turns may begin now. Call `wake()` when that becomes true. */
  readonly isOpen: () => boolean;
};

export class Turns {
  #slots: number;
  readonly #queue: PQueue<TurnQueue, TurnOptions>;

  constructor(options: TurnsOptions) {
    this.#slots = options.slots;
    const isOpen = () => this.#slots > 0 && options.isOpen();
    this.#queue = new PQueue({
      concurrency: this.#concurrency,
      queueClass: queueClass({ ...options, isOpen }),
    });
  }

  /** p-queue takes no 0: a lane without slots is as if it were closed. */
  get #concurrency(): number {
    return Math.max(1, this.#slots);
  }

  /** Running turns continue, also if they are more than the slots. */
  setSlots(slots: number): void {
    this.#slots = slots;
    this.wake();
  }

  /**
   * Waits for a turn.
   * @param signal ends the wait
   * @param begin called as soon as the turn begins, with the function that ends it
   * @throws the signal's reason
   */
  take(request: SlotRequest, signal: AbortSignal, begin: (end: () => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = () =>
        new Promise<void>((end) => {
          begin(end);
          resolve();
        });
      this.#queue.add(turn, { id: request.id, request, signal }).catch(reject);
    });
  }

  /** Starts the requests that may start now, because a limit was raised or the lane was opened. */
  wake(): void {
    this.#queue.concurrency = this.#concurrency; // p-queue then looks for requests to start
  }
}

/** p-queue constructs its queue without arguments, so the class has the order built in. */
function queueClass({ lane, order, isOpen }: Omit<TurnsOptions, "slots">): new () => TurnQueue {
  const starts = new Map<string, StartTurn>();
  class OrderedQueue {
    /** p-queue only asks whether it is 0. */
    get size(): number {
      return isOpen() && order.canStart(lane) ? 1 : 0;
    }

    enqueue(start: StartTurn, { request }: TurnOptions): void {
      starts.set(request.id, start);
      order.add(request);
    }

    dequeue(): StartTurn | undefined {
      const id = order.take(lane)?.id ?? "";
      const start = starts.get(id);
      starts.delete(id);
      return start;
    }

    remove(id: string): void {
      starts.delete(id);
      order.remove(id);
    }
  }
  // The cast hides what only p-queue's priorities and `sizeBy()` need, which are not used.
  return OrderedQueue as unknown as new () => TurnQueue;
}
