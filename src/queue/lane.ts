// The slots of one model: who holds them, how fast they become free, and whether they are given out now. While the lane is closed,
// requests wait at its gate before their prompt is prepared, and for its slots after that.

import { abortReason, ServiceError } from "../errors.ts";
import type { ShownSlot } from "../generation/slot-lease.ts";
import type { Demand, FairShare } from "./fair-share.ts";
import { retrySeconds, ServiceRate } from "./service-rate.ts";
import { Turns } from "./turns.ts";

export type LaneOptions = {
  readonly name: string;
  /** At the start; see `setSlots()`. */
  readonly slots: number;
  readonly order: FairShare;
  readonly isOpen: boolean;
  /** Longest wait at the gate, in ms. */
  readonly queueTimeoutMs: () => number;
  /** Called when a slot was freed, and when a request began to wait while the lane is closed. */
  readonly onChange: () => void;
};

/** The choice of a request that has a slot. */
export interface SlotHolder {
  readonly owner: string;
  /** How long it has held its slot, in ms. */
  readonly heldMs: number;
  /** As GET /slots shows it to its owner. */
  readonly shown: ShownSlot;
}

/** A request that waits until the lane opens. */
export type GateRequest = Demand & {
  readonly signal: AbortSignal;
  /** Places that it has taken in the queue: none for a question. */
  readonly places: number;
};

export type GateOptions = {
  /** Whether the limit of the wait holds; asked when it is over. */
  readonly mayExpire: () => boolean;
};

type Waiter = Demand & {
  readonly places: number;
  readonly pass: () => void;
  readonly fail: (error: ServiceError) => void;
};

export class Lane {
  readonly #options: LaneOptions;
  /** The choices that have a slot, in the order in which they got it. Slot numbers exist only here: the worker has its own. */
  readonly #onSlots = new Map<number, SlotHolder>();
  /** In order of arrival. */
  readonly #atGate = new Set<Waiter>();
  readonly #rate = new ServiceRate();
  readonly #turns: Turns;
  #slots: number;
  #isOpen: boolean;
  #isGateOpen: boolean;

  constructor(options: LaneOptions) {
    const { name, slots, order } = options;
    this.#options = options;
    this.#slots = slots;
    this.#isOpen = options.isOpen;
    this.#isGateOpen = options.isOpen;
    order.setLane(name, slots);
    this.#turns = new Turns({ lane: name, slots, order, isOpen: () => this.#isOpen });
  }

  get name(): string {
    return this.#options.name;
  }

  get slots(): number {
    return this.#slots;
  }

  /** Changes how many slots there are. Requests on slots that are gone keep them; with 0, no more requests start. */
  setSlots(slots: number): void {
    if (slots === this.#slots) return;
    this.#slots = slots;
    this.#options.order.setLane(this.name, slots);
    this.#turns.setSlots(slots);
  }

  /** Whether slots are given out. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether requests may begin. */
  get isGateOpen(): boolean {
    return this.#isGateOpen;
  }

  /** Slots in use. */
  get busy(): number {
    return this.#onSlots.size;
  }

  get running(): readonly SlotHolder[] {
    return [...this.#onSlots.values()];
  }

  /** The choice on a slot, by the number of the slot. */
  readonly holderOf = (slot: number): SlotHolder | undefined => this.#onSlots.get(slot);

  /** Lets the requests at the gate pass, and gives out slots. */
  open(): void {
    if (this.#isGateOpen) return;
    this.#isOpen = true;
    this.#isGateOpen = true;
    for (const { pass } of this.#atGate) pass();
    this.wake();
  }

  /** Starts the requests that may start now, because a limit was raised or the lane was opened. */
  wake(): void {
    this.#turns.wake();
  }

  /** Waits for a turn on a slot, as `Turns.take()`. */
  takeTurn(...wait: Parameters<Turns["take"]>): Promise<void> {
    const turn = this.#turns.take(...wait);
    if (!this.#isOpen) this.#options.onChange(); // the model must be loaded again
    return turn;
  }

  /** Gives out no slots from now on. Running requests keep theirs. */
  close(): void {
    this.#isOpen = false;
    this.#isGateOpen = false;
  }

  /** Lets no more requests begin. Those that have passed still get slots. */
  closeGate(): void {
    this.#isGateOpen = false;
  }

  /** Fails the requests at the gate. */
  refuse(error: ServiceError): void {
    for (const { fail } of this.#atGate) fail(error);
  }

  /** Waits while the gate is closed. @throws the signal's reason, the error of `refuse()`, or `queue_timeout` */
  pass({ signal, places, ...demand }: GateRequest, { mayExpire }: GateOptions): Promise<void> {
    if (signal.aborted) return Promise.reject(abortReason(signal));
    if (this.#isGateOpen) return Promise.resolve();
    const { order, name, onChange, queueTimeoutMs } = this.#options;
    const leaveGate = order.enterGate({ ...demand, lane: name });
    return new Promise((resolve, reject) => {
      const end = () => {
        this.#atGate.delete(waiter);
        clearInterval(timer);
        signal.removeEventListener("abort", onAbort);
        leaveGate();
      };
      const pass = () => {
        end();
        resolve();
      };
      const fail = (error: ServiceError) => {
        end();
        reject(error);
        onChange();
      };
      const onAbort = () => fail(abortReason(signal));
      const limitMs = queueTimeoutMs();
      const expire = () => mayExpire() && fail(timedOut(limitMs));
      const timer = setInterval(expire, limitMs);
      const waiter: Waiter = { ...demand, places, pass, fail };
      this.#atGate.add(waiter);
      signal.addEventListener("abort", onAbort, { once: true });
      onChange();
    });
  }

  /** The request that waits for this lane and is next; null if none waits. */
  get demand(): Demand | null {
    const { order, name } = this.#options;
    let first = order.firstIn(name);
    for (const waiter of this.#atGate) if (!first || order.isAhead(waiter, first)) first = waiter;
    return first;
  }

  /** Requests that wait at the gate or for a slot. */
  get waiting(): number {
    const { order, name } = this.#options;
    return this.#atGate.size + order.waitingIn(name);
  }

  /** Requests that wait until the lane opens. */
  get atGate(): number {
    return this.#atGate.size;
  }

  /** Places in the queue that these requests have taken. */
  get placesAtGate(): number {
    return [...this.#atGate].reduce((sum, { places }) => sum + places, 0);
  }

  atGateOf(owner: string): number {
    return [...this.#atGate].filter((waiter) => waiter.owner === owner).length;
  }

  /** The position at the gate of a request that arrived at this time; 1 is first. */
  positionAtGate(arrivedAtMs: number): number {
    let ahead = 0;
    for (const waiter of this.#atGate) if (waiter.arrivedAtMs < arrivedAtMs) ahead += 1;
    return ahead + 1;
  }

  /** @returns a function that frees the slot */
  occupy(holder: SlotHolder): () => void {
    let slot = 0;
    while (this.#onSlots.has(slot)) slot += 1;
    this.#onSlots.set(slot, holder);
    return () => {
      this.#onSlots.delete(slot);
      this.#rate.observe(holder.heldMs);
      this.#options.order.slotFreed();
      this.#options.onChange();
    };
  }

  /** Expected wait at a position, in ms; null before any measurement. @param slots that the request may take */
  waitMs(position: number, slots = this.slots): number | null {
    let sumMs = 0;
    for (const { heldMs } of this.#onSlots.values()) sumMs += heldMs;
    return this.#rate.waitMs(position, slots, sumMs / Math.max(1, this.busy));
  }
}

function timedOut(limitMs: number): ServiceError {
  const message = `the model could not be loaded within ${limitMs / 1000} s (--queue-timeout), because others were in use`;
  return new ServiceError("queue_timeout", message, { retryAfterSeconds: retrySeconds(null) });
}
