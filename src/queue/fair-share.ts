// The order in which waiting requests get slots. Keys take turns by the tokens computed for each. Within a key, requests
// that had to give up a slot come first. Flex requests come last.

import { Forecast, type ForecastPosition } from "./forecast.ts";
import {
  type OwnerSlots,
  type ShareCharge,
  ShareTier,
  type SlotRequest,
  type WaitingRequest,
} from "./share-tier.ts";

export type NewRequest = Pick<SlotRequest, "owner" | "isFlex">;

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
  readonly #onSlots: () => readonly string[];
  readonly #normal = new ShareTier();
  readonly #flex = new ShareTier();
  /** Waiting requests by id. */
  readonly #waiting = new Map<string, WaitingRequest>();
  /** Functions that charge a request's key, by request id: of requests that got a slot and have not left yet. */
  readonly #charges = new Map<string, (charge: ShareCharge) => void>();
  /** Slots each owner may hold; an owner without an entry may hold all. */
  readonly #limits = new Map<string, number>();
  #arrivals = 0;
  readonly #forecast = new Forecast(() => this.#simulate());

  /** @param onSlots the owners of the requests that have a slot, in the order in which they got it */
  constructor(options: FairShareOptions, onSlots: () => readonly string[]) {
    this.#options = options;
    this.#onSlots = onSlots;
  }

  /** Whether a request could start. One that waits for its own key's running ones could not. */
  get canStart(): boolean {
    const ownerSlots = this.#ownerSlots(this.#onSlots());
    return this.#normal.canStart(ownerSlots) || this.#flex.canStart(ownerSlots);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  waitingOf(owner: string): number {
    return this.#normal.waitingOf(owner) + this.#flex.waitingOf(owner);
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

  add(request: SlotRequest): void {
    const entry = this.#arrived(request);
    this.#arrivals = entry.arrival;
    this.#tierOf(entry).add(entry);
    this.#waiting.set(entry.id, entry);
    this.#forecast.invalidate();
  }

  /** Removes the request that gets the next slot. */
  take(): SlotRequest | undefined {
    this.#moveAged();
    const ownerSlots = this.#ownerSlots(this.#onSlots());
    for (const tier of [this.#normal, this.#flex]) {
      const entry = tier.take(ownerSlots);
      if (!entry) continue;
      const { id, owner, isReturning } = entry;
      if (!isReturning) this.#charges.set(id, (charge) => tier.charge(owner, charge));
      this.#waiting.delete(id);
      this.#forecast.recordServed();
      return entry;
    }
    return undefined;
  }

  /** A request has given up its slot. */
  slotFreed(): void {
    this.#forecast.invalidate();
  }

  /** Charges the request's key for tokens computed and tokens still expected. */
  charge(id: string, charge: ShareCharge): void {
    this.#charges.get(id)?.(charge);
  }

  /** Forgets a request that will not need a slot again. */
  leave(id: string): void {
    this.#charges.delete(id);
    this.#forecast.invalidate();
  }

  /** Removes a request that stops waiting. */
  remove(id: string): void {
    const entry = this.#waiting.get(id);
    if (!entry) return;
    this.#waiting.delete(id);
    this.#normal.remove(entry);
    this.#flex.remove(entry);
    this.#forecast.invalidate();
  }

  /** Position if no other request enters and every request costs what is expected; null if it does not wait. */
  positionOf(id: string): ForecastPosition | null {
    const entry = this.#waiting.get(id);
    if (!entry) return null;
    const { owner } = entry;
    const last = { position: this.waiting, ownPosition: this.waitingOf(owner) };
    return this.#forecast.positionOf(id) ?? { ...last, ownSlots: this.slotsOf(owner) };
  }

  /** Position that one more request would get. */
  positionOfNew(request: NewRequest): ForecastPosition | null {
    const entry = this.#arrived({ ...request, id: "new", cost: 1, isReturning: false });
    return this.#simulate(entry).get(entry.id) ?? null;
  }

  #arrived(request: SlotRequest): WaitingRequest {
    return { ...request, arrival: this.#arrivals + 1, arrivedAtMs: performance.now() };
  }

  #tierOf({ isFlex, arrivedAtMs }: WaitingRequest): ShareTier {
    const isAged = performance.now() - arrivedAtMs >= this.#options.flexWaitMs;
    return isFlex && !isAged ? this.#flex : this.#normal;
  }

  #ownerSlots(onSlots: readonly string[]): OwnerSlots {
    const runningOf = (owner: string) => {
      let count = 0;
      for (const each of onSlots) if (each === owner) count += 1;
      return count;
    };
    return { runningOf, mayRun: (owner) => runningOf(owner) < this.slotsOf(owner) };
  }

  /** Moves flex requests that have waited long enough to the normal tier, in their order of arrival. */
  #moveAged(): void {
    for (const entry of this.#flex.entries) {
      if (this.#tierOf(entry) === this.#flex) continue;
      this.#flex.remove(entry);
      this.#normal.add(entry);
    }
  }

  /**
   * Plays the queue to its end, assuming that the request that has held its slot the longest always ends next.
   * @param newcomer a request that is not in the queue
   */
  #simulate(newcomer?: WaitingRequest): ReadonlyMap<string, ForecastPosition> {
    this.#moveAged();
    const [normal, flex] = [this.#normal.copy(), this.#flex.copy()];
    if (newcomer) (this.#tierOf(newcomer) === this.#flex ? flex : normal).add(newcomer);
    const onSlots = [...this.#onSlots()];
    const ownerSlots = this.#ownerSlots(onSlots);
    const positions = new Map<string, ForecastPosition>();
    const turns = new Map<string, number>();
    const note = ({ id, owner }: WaitingRequest) => {
      const ownPosition = (turns.get(owner) ?? 0) + 1;
      turns.set(owner, ownPosition);
      const position = positions.size + 1;
      positions.set(id, { position, ownPosition, ownSlots: this.slotsOf(owner) });
    };
    const simulated = Math.min(this.waiting + (newcomer ? 1 : 0), SIMULATED_TURNS);
    while (positions.size < simulated) {
      const hasFree = onSlots.length < this.#options.slots;
      const taken = hasFree ? (normal.take(ownerSlots) ?? flex.take(ownerSlots)) : undefined;
      if (taken) {
        onSlots.push(taken.owner);
        note(taken);
      } else if (onSlots.shift() === undefined) break;
    }
    const rest = [...normal.entries, ...flex.entries];
    for (const entry of rest.sort((one, other) => one.arrival - other.arrival)) note(entry);
    return positions;
  }
}
