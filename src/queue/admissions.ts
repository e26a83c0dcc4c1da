// The register of the requests that wait or run, and of their slots. It decides which request may enter, and when it gets a
// slot: in turn, ordered by fair shares.

import type { ServiceError } from "../errors.ts";
import { type Deferred, deferred, settlesWithin } from "../generation/deferred.ts";
import type { ShownSlot } from "../generation/slot-lease.ts";
import { Admission, type EnterOptions } from "./admission.ts";
import { AnswerLengths } from "./answer-lengths.ts";
import { type Demand, FairShare, type FairShareOptions, type NewRequest } from "./fair-share.ts";
import type { ForecastPosition } from "./forecast.ts";
import { Lane, type SlotHolder } from "./lane.ts";
import { findKeyRefusal, findRefusal, type QueueState } from "./refusal.ts";
import { Ticket } from "./ticket.ts";
import type { TokenBudgets } from "./token-budgets.ts";
import { TokenUsage } from "./token-usage.ts";

export type AdmissionsOptions = FairShareOptions &
  Pick<QueueState, "busyWith" | "maxWaiting" | "queueTimeoutMs"> & {
    /** Token budgets of the keys; without them, requests in this queue cost no tokens. */
    readonly tokenBudgets?: TokenBudgets;
    /** Whether there are several keys; if so, the queue reserves places for each. */
    readonly isShared?: () => boolean;
  };

/** The lane of requests that name none. It is always open. */
const MAIN_LANE = "";

export class Admissions {
  readonly #options: AdmissionsOptions;
  readonly #order: FairShare;
  readonly #lanes = new Map<string, Lane>();
  readonly #answers = new AnswerLengths();
  /** All requests inside, oldest first. */
  readonly #inside = new Set<Admission>();
  #isDraining = false;
  #emptied: Deferred<void> | null = null;
  #nextId = 0;
  /** Called when a request begins to wait for a closed lane, when it leaves, and when a slot becomes free. */
  onChange = () => {};

  constructor(options: AdmissionsOptions) {
    this.#options = options;
    this.#order = new FairShare(options, (lane) => this.#runningIn(lane).map(({ owner }) => owner));
  }

  /**
   * Adds the slots of a model. The lane is closed until `Lane.open()`.
   * @param wanted its name, which gets a number if a model with other settings still has it
   */
  addLane(wanted: string, slots: number): Lane {
    let name = wanted;
    for (let number = 2; this.#lanes.has(name); number += 1) name = `${wanted} (${number})`;
    const lane = this.#newLane(name, { slots, isOpen: false });
    this.#lanes.set(name, lane);
    return lane;
  }

  /** Only for a lane whose requests have ended. */
  removeLane(name: string): void {
    this.#lanes.delete(name);
  }

  /** Fails the requests that wait in a lane, at its gate or for its slots. */
  refuseWaiting(name: string, error: ServiceError): void {
    this.#lanes.get(name)?.refuse(error);
    for (const admission of this.#inside)
      if (admission.lane === name && admission.place !== null) admission.abort(error);
  }

  /** Whether the request that is next in one lane precedes the one in the other. */
  get isAhead(): FairShare["isAhead"] {
    return (one, other) => this.#order.isAhead(one, other);
  }

  /** Charges a key's share for work that was done outside the slots of this queue. */
  readonly charge = (request: Demand, tokens: number): void => {
    this.#order.chargeOwner(request, tokens);
  };

  /** Slots of all lanes. */
  get slots(): number {
    let slots = 0;
    for (const lane of this.#lanes.values()) slots += lane.slots;
    return this.#lanes.size > 0 ? slots : this.#options.slots;
  }

  /** Slots in use. */
  get busy(): number {
    return this.#runningIn(null).length;
  }

  /** Choices that wait for a slot, or for the model with their slot. */
  get waiting(): number {
    let atGates = 0;
    for (const { atGate } of this.#lanes.values()) atGates += atGate;
    return this.#order.waiting + atGates;
  }

  /** Places taken, with or without slots: one for each choice. */
  get inside(): number {
    return this.#placesOf(null);
  }

  /** Places taken by requests of one lane. */
  insideLane(lane: string): number {
    let places = 0;
    for (const admission of this.#inside) if (admission.lane === lane) places += admission.places;
    return places;
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
    const running = this.#runningIn(null).filter((each) => each.owner === owner).length;
    let waiting = this.#order.waitingOf(owner);
    for (const lane of this.#lanes.values()) waiting += lane.atGateOf(owner);
    return { running, waiting };
  }

  /** @param owner the caller; null for an admin, who sees everything. @returns one entry for each slot of the lane */
  slotsShownTo(owner: string | null, lane = MAIN_LANE): readonly ShownSlot[] {
    const { slots, holderOf } = this.#laneOf(lane);
    return Array.from({ length: slots }, (_, slot) => {
      const holder = holderOf(slot);
      if (!holder) return null;
      return owner === null || holder.owner === owner ? holder.shown : "busy";
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
        this.onChange();
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

  #laneOf(name: string): Lane {
    const known = this.#lanes.get(name);
    if (known) return known;
    const lane = this.#newLane(name, { slots: this.#options.slots, isOpen: true });
    this.#lanes.set(name, lane);
    return lane;
  }

  #newLane(name: string, options: { readonly slots: number; readonly isOpen: boolean }): Lane {
    const onChange = () => {
      for (const lane of this.#lanes.values()) lane.wake(); // a key's limit counts in all lanes
      this.onChange();
    };
    const queueTimeoutMs = () => this.#options.queueTimeoutMs;
    return new Lane({ ...options, name, order: this.#order, onChange, queueTimeoutMs });
  }

  /** @param lane null for all */
  #runningIn(lane: string | null): readonly SlotHolder[] {
    if (lane !== null) return this.#lanes.get(lane)?.running ?? [];
    return [...this.#lanes.values()].flatMap(({ running }) => running);
  }

  /** Places beyond the slots of the other lanes: what waits there. */
  #waitingBeside({ name }: Lane): number {
    const places = new Map<string, number>();
    for (const admission of this.#inside)
      places.set(admission.lane, (places.get(admission.lane) ?? 0) + admission.places);
    places.delete(name);
    let waiting = 0;
    for (const [lane, inside] of places) waiting += Math.max(0, inside - this.#laneOf(lane).slots);
    return waiting;
  }

  #admit(entry: EnterOptions): void {
    const { caller, isFlex = false } = entry;
    const { owner, limits } = caller;
    const { isShared, tokenBudgets } = this.#options;
    if (this.#order.setLimits(caller)) for (const each of this.#lanes.values()) each.wake();
    const lane = this.#laneOf(entry.lane ?? MAIN_LANE);
    const ownInside = this.#placesOf(owner);
    const { running } = this.loadOf(owner);
    const refused =
      findRefusal({
        ...this.#options,
        ...entry,
        slots: lane.slots,
        inside: this.insideLane(lane.name),
        waitingElsewhere: this.#waitingBeside(lane),
        ownWaiting: isShared?.() ? ownInside - running : null,
        isDraining: this.#isDraining,
        waitMs: (position) => lane.waitMs(position),
        newWaitMs: (behind) => this.#waitMsOfNew(behind, { owner, isFlex, lane: lane.name }),
      }) ??
      findKeyRefusal({
        ...entry,
        limits,
        usedUp: tokenBudgets?.usedUp(caller) ?? null,
        inside: ownInside,
        running,
        slots: this.#order.slotsOf(owner, lane.name),
        startable: this.#order.freeSlotsOf(owner, lane.name),
        waitMs: () => this.#waitMsOfNext(owner, lane),
      });
    if (refused) throw refused;
  }

  #newTicket(entry: EnterOptions, choice: number): Ticket {
    const { signal, caller, isFlex = false, listing } = entry;
    const lane = this.#laneOf(entry.lane ?? MAIN_LANE);
    this.#nextId += 1;
    const id = `${this.#nextId}`;
    const { owner } = caller;
    const { queueTimeoutMs, tokenBudgets } = this.#options;
    return new Ticket({
      id,
      signal,
      owner,
      isFlex,
      lane,
      tokenUsage: new TokenUsage({
        chargeShare: (charge) => this.#order.charge(id, charge),
        chargeBudget: (tokens) => tokenBudgets?.spend(caller, tokens),
      }),
      answers: this.#answers,
      queueTimeoutMs,
      order: this.#order,
      waitMs: (position) => (position ? this.#waitMsAt(position, lane) : lane.waitMs(1)),
      use: () => listing?.record.stateOf?.(choice),
    });
  }

  /** A key with few slots also waits for its own requests, however many slots are free. */
  #waitMsAt({ position, ownPosition, ownSlots }: ForecastPosition, lane: Lane): number | null {
    const inLineMs = lane.waitMs(position);
    const ownMs = lane.waitMs(ownPosition, ownSlots);
    return inLineMs === null || ownMs === null ? null : Math.max(inLineMs, ownMs);
  }

  #waitMsOfNew(behind: number, entry: NewRequest): number | null {
    const forecast = this.#order.positionOfNew(entry);
    if (!forecast) return null;
    const position = Math.min(behind, forecast.position);
    return this.#waitMsAt({ ...forecast, position }, this.#laneOf(entry.lane));
  }

  #waitMsOfNext(owner: string, lane: Lane): number | null {
    const tickets = this.of(owner).flatMap((admission) => admission.tickets);
    const etasMs = tickets.flatMap(({ place }) => place?.etaMs ?? []);
    if (etasMs.length > 0) return Math.min(...etasMs);
    return lane.waitMs(1, this.#order.slotsOf(owner, lane.name));
  }
}
