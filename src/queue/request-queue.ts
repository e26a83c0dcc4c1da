// Decides which request may generate, and when: turns on the slots, ordered by fair shares, with limits on waiting.

import type { ServiceError } from "../errors.ts";
import { settlesWithin } from "../generation/deferred.ts";
import { findKeyRefusal, findRefusal, type QueueState } from "./admission.ts";
import { AnswerLengths } from "./answer-lengths.ts";
import { FairShare, type FairShareOptions, type NewRequest } from "./fair-share.ts";
import type { ForecastPosition } from "./forecast.ts";
import { ServiceRate } from "./service-rate.ts";
import { Ticket } from "./ticket.ts";
import { ANONYMOUS_CALLER, type QueueCaller, type TokenBudgets } from "./token-budgets.ts";
import { TokenUsage } from "./token-usage.ts";
import { Turns } from "./turns.ts";

export type RequestQueueOptions = FairShareOptions &
  Pick<QueueState, "busyWith" | "maxWaiting" | "queueTimeoutMs"> & {
    /** Token budgets of the keys; without them, requests in this queue cost no tokens. */
    readonly tokenBudgets?: TokenBudgets;
    /** Whether there are several keys; if so, the queue reserves places for each. */
    readonly isShared?: () => boolean;
  };

export type EnterOptions = {
  readonly signal: AbortSignal;
  /** Ends the request from the server's side, when draining. */
  readonly abort: (error: ServiceError) => void;
  /** Whether another queue has already admitted the request; if so, it is never refused here. Default: false. */
  readonly isAdmitted?: boolean;
  /** The key's owner and limits. Default: the caller of a server without keys. */
  readonly caller?: QueueCaller;
  /** Whether it is a flex request: it gets a slot when no other request needs it. */
  readonly isFlex?: boolean;
  /** Time its client allows from now on, in ms; null or undefined for no limit. */
  readonly deadlineMs?: number | null;
  /** The request field that sets the number of choices, named in the refusal. */
  readonly field?: string;
};

export class RequestQueue {
  readonly #options: RequestQueueOptions;
  readonly #order: FairShare;
  readonly #turns: Turns;
  readonly #rate = new ServiceRate();
  readonly #answers = new AnswerLengths();
  readonly #tickets = new Set<Ticket>();
  /** The requests that have a slot, in the order in which they got it. */
  readonly #running = new Set<Ticket>();
  #isDraining = false;
  #onEmpty: (() => void) | null = null;
  #nextId = 0;

  constructor(options: RequestQueueOptions) {
    this.#options = options;
    this.#order = new FairShare(options, () => [...this.#running].map(({ owner }) => owner));
    this.#turns = new Turns(options.slots, this.#order);
  }

  /** Requests that wait for a slot. */
  get waiting(): number {
    return this.#order.waiting;
  }

  /** Slots in use. */
  get busy(): number {
    return this.#running.size;
  }

  get inside(): number {
    return this.#tickets.size;
  }

  /** Running and waiting requests of one key. */
  loadOf(owner: string): { readonly running: number; readonly waiting: number } {
    return { running: this.#runningOf(owner), waiting: this.#order.waitingOf(owner) };
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** @throws ServiceError `queue_full` or `draining`, with the time after which to retry */
  enter(options: EnterOptions): Ticket {
    if (!options.isAdmitted) this.#admit(1, options);
    return this.#enterOne(options);
  }

  /** Same as `enter()` for all choices of a request: either all enter or none. */
  enterAll(choices: number, options: EnterOptions): readonly Ticket[] {
    this.#admit(choices, options);
    return Array.from({ length: choices }, () => this.#enterOne(options));
  }

  #admit(entering: number, entry: EnterOptions): void {
    const { field, isFlex = false, caller = ANONYMOUS_CALLER, deadlineMs = null } = entry;
    const { slots, busyWith, maxWaiting, queueTimeoutMs, isShared } = this.#options;
    const { owner, limits } = caller;
    if (this.#order.setLimit(owner, limits.concurrent)) this.#turns.wake();
    let ownInside = 0;
    for (const ticket of this.#tickets) if (ticket.owner === owner) ownInside += 1;
    const running = this.#runningOf(owner);
    const refused =
      findRefusal({
        entering,
        field,
        inside: this.#tickets.size,
        slots,
        busyWith,
        maxWaiting,
        isFlex,
        ownWaiting: isShared?.() ? ownInside - running : null,
        isDraining: this.#isDraining,
        deadlineMs,
        queueTimeoutMs,
        waitMs: (position) => this.#waitMs(position),
        newWaitMs: (behind) => this.#waitMsOfNew(behind, { owner, isFlex }),
      }) ??
      findKeyRefusal({
        entering,
        field,
        limits,
        budget: this.#options.tokenBudgets?.stateOf(caller) ?? null,
        inside: ownInside,
        running,
        slots: this.#order.slotsOf(owner),
        freeSlots: slots - this.#running.size,
        waitMs: () => this.#waitMsOfNext(owner),
      });
    if (refused) throw refused;
  }

  #enterOne({ caller = ANONYMOUS_CALLER, ...options }: EnterOptions): Ticket {
    const { queueTimeoutMs, tokenBudgets } = this.#options;
    this.#nextId += 1;
    const id = `${this.#nextId}`;
    const { owner } = caller;
    const tokenUsage = new TokenUsage({
      chargeShare: (charge) => this.#order.charge(id, charge),
      chargeBudget: (tokens) => tokenBudgets?.spend(owner, tokens),
    });
    const ticket = new Ticket({
      isFlex: false,
      ...options,
      id,
      owner,
      tokenUsage,
      expectedAnswer: () => this.#answers.expected(owner),
      queueTimeoutMs,
      turns: this.#turns,
      order: this.#order,
      waitMs: (position) => (position ? this.#waitMsAt(position) : this.#waitMs(1)),
      onTurn: (running) => {
        this.#running.add(running);
        return () => {
          this.#running.delete(running);
          this.#rate.observe(running.heldMs);
          this.#order.slotFreed();
        };
      },
      onLeave: (ticket) => {
        if (tokenUsage.isOpen) this.#answers.observe(owner, tokenUsage.generated);
        this.#forget(ticket);
      },
    });
    this.#tickets.add(ticket);
    return ticket;
  }

  /** Refuses new requests from now on. @returns whether all requests inside ended within the limit */
  async drain(limitMs: number): Promise<boolean> {
    this.#isDraining = true;
    if (this.#tickets.size === 0) return true;
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    return settlesWithin(empty, limitMs);
  }

  abortAll(error: ServiceError): void {
    for (const ticket of this.#tickets) ticket.abort(error);
  }

  #runningOf(owner: string): number {
    return [...this.#running].filter((ticket) => ticket.owner === owner).length;
  }

  #waitMs(position: number, slots = this.#options.slots): number | null {
    let sumMs = 0;
    for (const { heldMs } of this.#running) sumMs += heldMs;
    return this.#rate.waitMs(position, slots, sumMs / Math.max(1, this.#running.size));
  }

  /** A key with few slots also waits for its own requests, however many slots are free. */
  #waitMsAt({ position, ownPosition, ownSlots }: ForecastPosition): number | null {
    const inLineMs = this.#waitMs(position);
    const ownMs = this.#waitMs(ownPosition, ownSlots);
    return inLineMs === null || ownMs === null ? null : Math.max(inLineMs, ownMs);
  }

  #waitMsOfNew(behind: number, entry: NewRequest): number | null {
    const forecast = this.#order.positionOfNew(entry);
    if (!forecast) return null;
    return this.#waitMsAt({ ...forecast, position: Math.min(behind, forecast.position) });
  }

  #waitMsOfNext(owner: string): number | null {
    const next = this.#order.nextOf(owner);
    return next ? this.#waitMsAt(next) : this.#waitMs(1, this.#order.slotsOf(owner));
  }

  #forget(ticket: Ticket): void {
    this.#tickets.delete(ticket);
    if (this.#tickets.size === 0) this.#onEmpty?.();
  }
}
