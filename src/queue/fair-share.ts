// The order in which waiting requests get slots, as p-queue's queue class. Keys take turns by the tokens computed for
// each. Within a key, requests that had to give up a slot come first. Flex requests come last.

import type { QueueAddOptions } from "p-queue";
import { Forecast, type ForecastPosition } from "./forecast.ts";
import { type OwnerSlots, type ShareCharge, ShareTier, type WaitingRequest } from "./share-tier.ts";

export type EnqueueOptions = QueueAddOptions &
  Partial<Pick<WaitingRequest, "owner" | "cost" | "isReturning" | "isFlex">>;

export type NewRequest = { readonly owner: string; readonly isFlex: boolean };

export type FairShareOptions = {
  readonly slots: number;
  /** Slots one key may hold; default: all. */
  readonly slotsPerOwner?: number;
  /** A flex request that has waited this long counts as a normal one. */
  readonly flexWaitMs: number;
};

/** Turns simulated for positions. Requests further back get a position by their arrival. */
const SIMULATED_TURNS = 1_000;

export class FairShare {
  readonly #options: FairShareOptions;
  #normal = new ShareTier();
  #flex = new ShareTier();
  /** Owners of running requests by request id, in the order in which they got their slots. */
  #onSlots = new Map<string, string>();
  /** Whom to charge, by request id: requests that got a slot and have not left yet. */
  #charged = new Map<string, { readonly owner: string; readonly tier: ShareTier }>();
  /** Number of waiting requests by owner. */
  #waiting = new Map<string, number>();
  /** Owners of waiting requests by request id. */
  #owners = new Map<string, string>();
  /** Slots each owner may hold; an owner without an entry may hold all. */
  #limits = new Map<string, number>();
  #arrivals = 0;
  readonly #forecast = new Forecast(() => this.#copy().#simulate());

  constructor(options: FairShareOptions) {
    this.#options = options;
  }

  /** Requests that could start, for p-queue. A request that waits for its own key's running ones does not count. */
  get size(): number {
    let startable = 0;
    for (const [owner, count] of this.#waiting) {
      startable += Math.min(count, Math.max(0, this.slotsOf(owner) - this.runningOf(owner)));
    }
    return startable;
  }

  get waiting(): number {
    let sum = 0;
    for (const count of this.#waiting.values()) sum += count;
    return sum;
  }

  waitingOf(owner: string): number {
    return this.#waiting.get(owner) ?? 0;
  }

  /** Slots a key holds. */
  runningOf(owner: string): number {
    let count = 0;
    for (const each of this.#onSlots.values()) if (each === owner) count += 1;
    return count;
  }

  /** Slots a key may hold. */
  slotsOf(owner: string): number {
    const { slots, slotsPerOwner = slots } = this.#options;
    return Math.min(slots, slotsPerOwner, this.#limits.get(owner) ?? slots);
  }

  /**
   * @param slots that the key may hold; null for all
   * @returns whether more of the key's requests may start now
   */
  setLimit(owner: string, slots: number | null): boolean {
    const before = this.slotsOf(owner);
    if (slots === null) this.#limits.delete(owner);
    else this.#limits.set(owner, slots);
    if (this.slotsOf(owner) !== before) this.#forecast.invalidate();
    return this.slotsOf(owner) > before;
  }

  enqueue(start: WaitingRequest["start"], options: EnqueueOptions = {}): void {
    const { id = "", owner = "", cost = 1, isReturning = false, isFlex = false } = options;
    this.#arrivals += 1;
    const arrived = { arrival: this.#arrivals, arrivedAtMs: performance.now() };
    const entry: WaitingRequest = { ...arrived, id, owner, cost, isFlex, isReturning, start };
    this.#tierOf(entry).add(entry);
    this.#count(entry, 1);
    this.#forecast.invalidate();
  }

  dequeue(): WaitingRequest["start"] | undefined {
    this.#moveAged();
    const taken = this.#take();
    if (taken) this.#forecast.recordServed();
    return taken?.start;
  }

  /** Frees the request's slot when its turn is over. */
  release(id: string): void {
    this.#onSlots.delete(id);
    this.#forecast.invalidate();
  }

  /** Charges the request's key for tokens computed and tokens still expected. */
  charge(id: string, charge: ShareCharge): void {
    const charged = this.#charged.get(id);
    charged?.tier.charge(charged.owner, charge);
  }

  /** Forgets a request that will not need a slot again. */
  leave(id: string): void {
    this.#charged.delete(id);
    this.release(id);
  }

  /** Part of p-queue's contract. Without it, p-queue would keep counting requests that have left. */
  remove(id: string): void {
    const removed = this.#normal.remove(id) ?? this.#flex.remove(id);
    if (removed) this.#count(removed, -1);
    this.#forecast.invalidate();
  }

  /** Position if no other request enters and every request costs what is expected; null if it does not wait. */
  positionOf(id: string): ForecastPosition | null {
    const owner = this.#owners.get(id);
    if (owner === undefined) return null;
    const last = { position: this.waiting, ownPosition: this.waitingOf(owner) };
    return this.#forecast.positionOf(id) ?? { owner, ...last, ownSlots: this.slotsOf(owner) };
  }

  /** Position that one more request would get. */
  positionOfNew({ owner, isFlex }: NewRequest): ForecastPosition | null {
    const copy = this.#copy();
    copy.enqueue(async () => {}, { id: "new", owner, isFlex });
    return copy.#simulate().get("new") ?? null;
  }

  /** Position of the key's next request; null if none waits. */
  nextOf(owner: string): ForecastPosition | null {
    return this.waitingOf(owner) > 0 ? this.#forecast.nextOf(owner) : null;
  }

  /** Part of p-queue's contract, for priorities, which are not used here. */
  filter(): WaitingRequest["start"][] {
    return this.#entries.map((entry) => entry.start);
  }

  /** Part of p-queue's contract. @throws Error always: there are no priorities to change */
  setPriority(): never {
    throw new Error("waiting requests have no priorities");
  }

  get #entries(): readonly WaitingRequest[] {
    return [...this.#normal.entries, ...this.#flex.entries];
  }

  #count({ id, owner }: WaitingRequest, change: 1 | -1): void {
    const count = this.waitingOf(owner) + change;
    if (count === 0) this.#waiting.delete(owner);
    else this.#waiting.set(owner, count);
    if (change > 0) this.#owners.set(id, owner);
    else this.#owners.delete(id);
  }

  #tierOf({ isFlex, arrivedAtMs }: WaitingRequest): ShareTier {
    const isAged = performance.now() - arrivedAtMs >= this.#options.flexWaitMs;
    return isFlex && !isAged ? this.#flex : this.#normal;
  }

  #take(): WaitingRequest | undefined {
    const ownerSlots: OwnerSlots = {
      mayRun: (owner) => this.runningOf(owner) < this.slotsOf(owner),
      runningOf: (owner) => this.runningOf(owner),
    };
    const taken =
      this.#takeFrom(this.#normal, ownerSlots) ?? this.#takeFrom(this.#flex, ownerSlots);
    if (!taken) return undefined;
    this.#onSlots.set(taken.id, taken.owner);
    this.#count(taken, -1);
    return taken;
  }

  #takeFrom(tier: ShareTier, ownerSlots: OwnerSlots): WaitingRequest | undefined {
    const entry = tier.take(ownerSlots);
    if (!entry) return undefined;
    if (!entry.isReturning) this.#charged.set(entry.id, { owner: entry.owner, tier });
    return entry;
  }

  /** Moves flex requests that have waited long enough to the normal tier, in their order of arrival. */
  #moveAged(): void {
    for (const entry of this.#flex.entries) {
      if (this.#tierOf(entry) === this.#flex) continue;
      this.#flex.remove(entry.id);
      this.#normal.add(entry);
    }
  }

  #copy(): FairShare {
    this.#moveAged();
    const copy = new FairShare(this.#options);
    copy.#normal = this.#normal.copy();
    copy.#flex = this.#flex.copy();
    copy.#onSlots = new Map(this.#onSlots);
    copy.#waiting = new Map(this.#waiting);
    copy.#limits = new Map(this.#limits);
    copy.#arrivals = this.#arrivals;
    return copy;
  }

  /** Plays the queue to its end, assuming that the request that has held its slot the longest always ends next. */
  #simulate(): ReadonlyMap<string, ForecastPosition> {
    const positions = new Map<string, ForecastPosition>();
    const turns = new Map<string, number>();
    const add = ({ id, owner }: WaitingRequest) => {
      const ownPosition = (turns.get(owner) ?? 0) + 1;
      turns.set(owner, ownPosition);
      const ownSlots = this.slotsOf(owner);
      positions.set(id, { owner, position: positions.size + 1, ownPosition, ownSlots });
    };
    const simulated = Math.min(this.waiting, SIMULATED_TURNS);
    while (positions.size < simulated) {
      const taken = this.#onSlots.size < this.#options.slots ? this.#take() : undefined;
      if (taken) {
        add(taken);
        continue;
      }
      const [oldest] = this.#onSlots.keys();
      if (oldest === undefined) break;
      this.#onSlots.delete(oldest);
    }
    for (const entry of this.#entries.toSorted((one, other) => one.arrival - other.arrival))
      add(entry);
    return positions;
  }
}
