// The register of the requests that wait or run, and of their slots. It decides which request may enter, and when it gets a
// slot: in turn, ordered by fair shares.

import type { ServiceError } from "../errors.ts";
import { type Deferred, deferred, settlesWithin } from "../generation/deferred.ts";
import type { ShownSlot } from "../generation/slot-lease.ts";
import { Admission, type EnterOptions } from "./admission.ts";
import { AnswerLengths } from "./answer-lengths.ts";
import { FairShare, type FairShareOptions, type NewRequest } from "./fair-share.ts";
import type { ForecastPosition } from "./forecast.ts";
import { findKeyRefusal, findRefusal, type QueueState } from "./refusal.ts";
import { ServiceRate } from "./service-rate.ts";
import { Ticket } from "./ticket.ts";
import type { TokenBudgets } from "./token-budgets.ts";
import { TokenUsage } from "./token-usage.ts";
import { Turns } from "./turns.ts";

export type AdmissionsOptions = FairShareOptions &
  Pick<QueueState, "busyWith" | "maxWaiting" | "queueTimeoutMs"> & {
    /** Token budgets of the keys; without them, requests in this queue cost no tokens. */
    readonly tokenBudgets?: TokenBudgets;
    /** Whether there are several keys; if so, the queue reserves places for each. */
    readonly isShared?: () => boolean;
  };

export class Admissions {
  readonly #options: AdmissionsOptions;
  readonly #order: FairShare;
  readonly #turns: Turns;
  readonly #rate = new ServiceRate();
  readonly #answers = new AnswerLengths();
  /** All requests inside, oldest first. */
  readonly #inside = new Set<Admission>();
  /** The choices that have a slot, in the order in which they got it. Slot numbers exist only here: the worker has its own. */
  readonly #onSlots = new Map<number, Ticket>();
  #isDraining = false;
  #emptied: Deferred<void> | null = null;
  #nextId = 0;

  constructor(options: AdmissionsOptions) {
    this.#options = options;
    this.#order = new FairShare(options, () => this.#running.map(({ owner }) => owner));
    this.#turns = new Turns(options.slots, this.#order);
  }

  get slots(): number {
    return this.#options.slots;
  }

  /** Slots in use. */
  get busy(): number {
    return this.#onSlots.size;
  }

  /** Choices that wait for a slot. */
  get waiting(): number {
    return this.#order.waiting;
  }

  /** Places taken, with or without slots: one for each choice. */
  get inside(): number {
    return this.#placesOf(null);
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** The requests of one key, oldest first. */
  of(owner: string): readonly Admission[] {
    return [...this.#inside].filter((admission) => admission.owner === owner);
  }

  /** Running and waiting choices of one key. */
  loadOf(owner: string): { readonly running: number; readonly waiting: number } {
    const running = this.#running.filter((ticket) => ticket.owner === owner).length;
    return { running, waiting: this.#order.waitingOf(owner) };
  }

  /** @param owner the caller; null for an admin, who sees everything. @returns one entry for each slot */
  slotsShownTo(owner: string | null): readonly ShownSlot[] {
    return Array.from({ length: this.slots }, (_, slot) => {
      const ticket = this.#onSlots.get(slot);
      if (!ticket) return null;
      return owner === null || ticket.owner === owner ? ticket.shown : "busy";
    });
  }

  /** @throws ServiceError `queue_full` or `draining`, with the time after which to retry */
  enter(entry: EnterOptions): Admission {
    if (!entry.isAdmitted) this.#admit(entry);
    const admission = new Admission({
      ...entry,
      tickets: Array.from({ length: entry.choices }, (_, choice) => this.#newTicket(entry, choice)),
      onPlacesFree: () => {
        if (this.inside === 0) this.#emptied?.resolve();
      },
      onLeave: () => this.#inside.delete(admission),
    });
    this.#inside.add(admission);
    return admission;
  }

  /** Refuses new requests from now on. @returns whether all requests inside ended within the limit */
  async drain(limitMs: number): Promise<boolean> {
    this.#isDraining = true;
    if (this.inside === 0) return true;
    this.#emptied = deferred();
    return settlesWithin(this.#emptied.promise, limitMs);
  }

  abortAll(error: ServiceError): void {
    for (const admission of this.#inside) admission.abort(error);
  }

  /** Not of a list of the requests: a thousand may wait when the next one asks. @param owner null for all */
  #placesOf(owner: string | null): number {
    let places = 0;
    for (const admission of this.#inside)
      if (owner === null || admission.owner === owner) places += admission.places;
    return places;
  }

  get #running(): readonly Ticket[] {
    return [...this.#onSlots.values()];
  }

  #admit(entry: EnterOptions): void {
    const { caller, isFlex = false } = entry;
    const { owner, limits } = caller;
    const { slots, isShared, tokenBudgets } = this.#options;
    if (this.#order.setLimit(owner, limits.concurrent)) this.#turns.wake();
    const ownInside = this.#placesOf(owner);
    const { running } = this.loadOf(owner);
    const refused =
      findRefusal({
        ...this.#options,
        ...entry,
        inside: this.inside,
        ownWaiting: isShared?.() ? ownInside - running : null,
        isDraining: this.#isDraining,
        waitMs: (position) => this.#waitMs(position),
        newWaitMs: (behind) => this.#waitMsOfNew(behind, { owner, isFlex }),
      }) ??
      findKeyRefusal({
        ...entry,
        limits,
        budget: tokenBudgets?.stateOf(caller) ?? null,
        inside: ownInside,
        running,
        slots: this.#order.slotsOf(owner),
        freeSlots: slots - this.busy,
        waitMs: () => this.#waitMsOfNext(owner),
      });
    if (refused) throw refused;
  }

  #newTicket({ signal, caller, isFlex = false, listing }: EnterOptions, choice: number): Ticket {
    this.#nextId += 1;
    const id = `${this.#nextId}`;
    const { owner } = caller;
    const { queueTimeoutMs, tokenBudgets } = this.#options;
    return new Ticket({
      id,
      signal,
      owner,
      isFlex,
      tokenUsage: new TokenUsage({
        chargeShare: (charge) => this.#order.charge(id, charge),
        chargeBudget: (tokens) => tokenBudgets?.spend(owner, tokens),
      }),
      answers: this.#answers,
      queueTimeoutMs,
      turns: this.#turns,
      order: this.#order,
      waitMs: (position) => (position ? this.#waitMsAt(position) : this.#waitMs(1)),
      onTurn: (ticket) => this.#occupySlot(ticket),
      use: () => listing?.record.stateOf?.(choice),
    });
  }

  /** @returns a function that frees the slot */
  #occupySlot(ticket: Ticket): () => void {
    let slot = 0;
    while (this.#onSlots.has(slot)) slot += 1;
    this.#onSlots.set(slot, ticket);
    return () => {
      this.#onSlots.delete(slot);
      this.#rate.observe(ticket.heldMs);
      this.#order.slotFreed();
    };
  }

  #waitMs(position: number, slots = this.#options.slots): number | null {
    let sumMs = 0;
    for (const { heldMs } of this.#running) sumMs += heldMs;
    return this.#rate.waitMs(position, slots, sumMs / Math.max(1, this.busy));
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
    const tickets = this.of(owner).flatMap((admission) => admission.tickets);
    const etasMs = tickets.flatMap(({ place }) => place?.etaMs ?? []);
    if (etasMs.length > 0) return Math.min(...etasMs);
    return this.#waitMs(1, this.#order.slotsOf(owner));
  }
}
