// The order in which waiting requests get slots: p-queue's queue class. The keys take turns, by what was computed for each;
// within a key, requests that had a slot before and had to give it up come first. Flex requests come last.

import type { QueueAddOptions } from "p-queue";
import { Forecast, type LinePlace } from "./forecast.ts";
import { type Entry, type Progress, ShareTier, type Standing } from "./share-tier.ts";

export type LineOptions = QueueAddOptions & {
  readonly owner?: string;
  /** See `Entry`. */
  readonly cost?: number;
  readonly isReturning?: boolean;
  readonly isFlex?: boolean;
};

/** A request that has not come in yet. */
export type NewEntry = { readonly owner: string; readonly isFlex: boolean };

export type FairShareOptions = {
  readonly slots: number;
  /** Slots that one key may have at most; all by default. */
  readonly slotsPerOwner?: number;
  /** A flex request that has waited so long is no longer put last. */
  readonly flexWaitMs: number;
};

/** So many turns are played through to tell positions; who is further back is told one by its arrival. */
const FORESEEN_TURNS = 1_000;

export class FairShare {
  readonly #options: FairShareOptions;
  #normal = new ShareTier();
  #flex = new ShareTier();
  /** By id, those on a slot, in the order in which they got it. */
  #onSlots = new Map<string, string>();
  /** By id, those who had a slot and have not left yet: whom to charge. */
  #charged = new Map<string, { readonly owner: string; readonly tier: ShareTier }>();
  /** By owner, how many wait. */
  #waiting = new Map<string, number>();
  /** By id, those who wait. */
  #owners = new Map<string, string>();
  /** By owner, slots that it may have; all where there is none. */
  #limits = new Map<string, number>();
  #arrivals = 0;
  readonly #forecast = new Forecast(() => this.#copy().#placesFromHere());

  constructor(options: FairShareOptions) {
    this.#options = options;
  }

  /** For p-queue: those who could be started. Whoever waits for its own key's requests to end is not one of them. */
  get size(): number {
    let startable = 0;
    for (const [owner, count] of this.#waiting) {
      startable += Math.min(count, Math.max(0, this.slotsOf(owner) - this.running(owner)));
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

  /** Slots of a key. */
  running(owner: string): number {
    let count = 0;
    for (const each of this.#onSlots.values()) if (each === owner) count += 1;
    return count;
  }

  /** Slots that a key may have. */
  slotsOf(owner: string): number {
    const { slots, slotsPerOwner = slots } = this.#options;
    return Math.min(slots, slotsPerOwner, this.#limits.get(owner) ?? slots);
  }

  /** @param slots that the key may have; null for all. @returns whether that lets more of its requests begin */
  limit(owner: string, slots: number | null): boolean {
    const before = this.slotsOf(owner);
    if (slots === null) this.#limits.delete(owner);
    else this.#limits.set(owner, slots);
    if (this.slotsOf(owner) !== before) this.#forecast.change();
    return this.slotsOf(owner) > before;
  }

  enqueue(start: Entry["start"], options: LineOptions = {}): void {
    const { id = "", owner = "", cost = 1, isReturning = false, isFlex = false } = options;
    this.#arrivals += 1;
    const arrived = { order: this.#arrivals, arrivedAtMs: performance.now() };
    const entry: Entry = { ...arrived, id, owner, cost, isFlex, isReturning, start };
    this.#tierOf(entry).add(entry);
    this.#count(entry, 1);
    this.#forecast.change();
  }

  dequeue(): Entry["start"] | undefined {
    this.#moveAged();
    const taken = this.#take();
    if (taken) this.#forecast.serve();
    return taken?.start;
  }

  /** Its turn is over: the slot is free. */
  release(id: string): void {
    this.#onSlots.delete(id);
    this.#forecast.change();
  }

  /** What was computed for it, and what is still expected of it. */
  charge(id: string, progress: Progress): void {
    const charged = this.#charged.get(id);
    charged?.tier.charge(charged.owner, progress);
  }

  /** It will not come back. */
  leave(id: string): void {
    this.#charged.delete(id);
    this.release(id);
  }

  /** Without it p-queue would go on counting requests that have left. */
  remove(id: string): void {
    const removed = this.#normal.remove(id) ?? this.#flex.remove(id);
    if (removed) this.#count(removed, -1);
    this.#forecast.change();
  }

  /**
   * Its place if nobody else came, and requests cost what is expected of them; null when it does not wait.
   */
  placeOf(id: string): LinePlace | null {
    const owner = this.#owners.get(id);
    if (owner === undefined) return null;
    const last = { position: this.waiting, ownPosition: this.waitingOf(owner) };
    return this.#forecast.of(id) ?? { owner, ...last, ownSlots: this.slotsOf(owner) };
  }

  /** The place that one more request would have; null where that is too far back to be foreseen. */
  placeOfNew({ owner, isFlex }: NewEntry): LinePlace | null {
    const line = this.#copy();
    line.enqueue(async () => {}, { id: "new", owner, isFlex });
    return line.#placesFromHere().get("new") ?? null;
  }

  /** The place of the key's request that is next; null when none waits. */
  nextOf(owner: string): LinePlace | null {
    return this.waitingOf(owner) > 0 ? this.#forecast.next(owner) : null;
  }

  /** Part of p-queue's contract, for priorities that we do not use. */
  filter(): Entry["start"][] {
    return this.#entries.map((entry) => entry.start);
  }

  /** Part of p-queue's contract. @throws Error always: nothing here has a priority to change */
  setPriority(): never {
    throw new Error("the waiting line has no priorities");
  }

  get #entries(): readonly Entry[] {
    return [...this.#normal.entries, ...this.#flex.entries];
  }

  #count({ id, owner }: Entry, change: 1 | -1): void {
    const count = this.waitingOf(owner) + change;
    if (count === 0) this.#waiting.delete(owner);
    else this.#waiting.set(owner, count);
    if (change > 0) this.#owners.set(id, owner);
    else this.#owners.delete(id);
  }

  #tierOf({ isFlex, arrivedAtMs }: Entry): ShareTier {
    const isAged = performance.now() - arrivedAtMs >= this.#options.flexWaitMs;
    return isFlex && !isAged ? this.#flex : this.#normal;
  }

  #take(): Entry | undefined {
    const standing: Standing = {
      mayRun: (owner) => this.running(owner) < this.slotsOf(owner),
      running: (owner) => this.running(owner),
    };
    const taken = this.#takeFrom(this.#normal, standing) ?? this.#takeFrom(this.#flex, standing);
    if (!taken) return undefined;
    this.#onSlots.set(taken.id, taken.owner);
    this.#count(taken, -1);
    return taken;
  }

  #takeFrom(tier: ShareTier, standing: Standing): Entry | undefined {
    const entry = tier.take(standing);
    if (!entry) return undefined;
    if (!entry.isReturning) this.#charged.set(entry.id, { owner: entry.owner, tier });
    return entry;
  }

  /** In their key's line they stand where they would have stood from the beginning. */
  #moveAged(): void {
    for (const entry of this.#flex.entries) {
      if (this.#tierOf(entry) === this.#flex) continue;
      this.#flex.remove(entry.id);
      this.#normal.add(entry);
    }
  }

  #copy(): FairShare {
    this.#moveAged();
    const line = new FairShare(this.#options);
    line.#normal = this.#normal.copy();
    line.#flex = this.#flex.copy();
    line.#onSlots = new Map(this.#onSlots);
    line.#waiting = new Map(this.#waiting);
    line.#limits = new Map(this.#limits);
    line.#arrivals = this.#arrivals;
    return line;
  }

  /** As if who has had its slot the longest were always the next to be done. */
  #placesFromHere(): ReadonlyMap<string, LinePlace> {
    const places = new Map<string, LinePlace>();
    const turns = new Map<string, number>();
    const add = ({ id, owner }: Entry) => {
      const ownPosition = (turns.get(owner) ?? 0) + 1;
      turns.set(owner, ownPosition);
      const ownSlots = this.slotsOf(owner);
      places.set(id, { owner, position: places.size + 1, ownPosition, ownSlots });
    };
    const foreseen = Math.min(this.waiting, FORESEEN_TURNS);
    while (places.size < foreseen) {
      const taken = this.#onSlots.size < this.#options.slots ? this.#take() : undefined;
      if (taken) {
        add(taken);
        continue;
      }
      const [oldest] = this.#onSlots.keys();
      if (oldest === undefined) break;
      this.#onSlots.delete(oldest);
    }
    for (const entry of this.#entries.toSorted((one, other) => one.order - other.order)) add(entry);
    return places;
  }
}
