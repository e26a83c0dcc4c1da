// The order in which waiting requests get slots. Keys take turns by the tokens computed for each. Within a key, requests
// that had to give up a slot come first. Flex requests come last. Each request waits in the lane of its model.

import type { LimitedCaller } from "../generation/caller.ts";
import { Forecast, type ForecastPosition } from "./forecast.ts";
import {
  type OwnerSlots,
  type ShareCharge,
  ShareTier,
  type SlotRequest,
  type WaitingRequest,
} from "./share-tier.ts";
import { SlotLimits } from "./slot-limits.ts";

export type NewRequest = Pick<SlotRequest, "owner" | "isFlex" | "lane">;

/** The request of a model, or of a lane, that is next. */
export type Demand = Pick<WaitingRequest, "owner" | "isFlex" | "arrivedAtMs">;

export type FairShareOptions = {
  /** Slots of each lane without an entry in `setLane()`. */
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
  readonly #onSlots: (lane: string | null) => readonly string[];
  readonly #normal = new ShareTier();
  readonly #flex = new ShareTier();
  /** Waiting requests by id. */
  readonly #waiting = new Map<string, WaitingRequest>();
  /** Functions that charge a request's key, by request id: of requests that got a slot and have not left yet. */
  readonly #charges = new Map<string, (charge: ShareCharge) => void>();
  readonly #limits: SlotLimits;
  readonly #laneSlots = new Map<string, number>();
  readonly #forecasts = new Map<string, Forecast>();
  #arrivals = 0;

  /**
   * @param onSlots the owners of the requests that have a slot in a lane, in the order in which they got it; null for all
   * lanes
   */
  constructor(options: FairShareOptions, onSlots: (lane: string | null) => readonly string[]) {
    this.#options = options;
    this.#limits = new SlotLimits(options.slotsPerOwner);
    this.#onSlots = onSlots;
  }

  setLane(lane: string, slots: number): void {
    this.#laneSlots.set(lane, slots);
    this.#invalidate();
  }

  /** Whether a request of the lane could start. One that waits for its own key's running ones could not. */
  canStart(lane: string): boolean {
    const ownerSlots = this.#ownerSlots();
    return this.#normal.canStart(lane, ownerSlots) || this.#flex.canStart(lane, ownerSlots);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** The lane's request that is next; null if none waits in it. */
  firstIn(lane: string): Demand | null {
    const ownerSlots = this.#ownerSlots();
    return this.#normal.firstIn(lane, ownerSlots) ?? this.#flex.firstIn(lane, ownerSlots);
  }

  /** Whether one request would get a slot before the other if each had a free slot in its lane. */
  isAhead(one: Demand, other: Demand): boolean {
    const [first, second] = [this.#tierOf(one), this.#tierOf(other)];
    if (first !== second) return first === this.#normal;
    const moreWork = first.workOf(one.owner) - first.workOf(other.owner);
    return moreWork === 0 ? one.arrivedAtMs < other.arrivedAtMs : moreWork < 0;
  }

  /** A request waits until its lane opens: its key competes with the others meanwhile. @returns a function to call when it ends */
  enterGate({ owner, lane, ...request }: Demand & { readonly lane: string }): () => void {
    const tier = this.#tierOf(request);
    tier.enterGate(owner, lane);
    return () => tier.leaveGate(owner);
  }

  waitingIn(lane: string): number {
    let waiting = 0;
    for (const entry of this.#waiting.values()) if (entry.lane === lane) waiting += 1;
    return waiting;
  }

  waitingOf(owner: string): number {
    return this.#normal.waitingOf(owner) + this.#flex.waitingOf(owner);
  }

  /** Whether requests of a key wait because it holds as many slots as it may. */
  isAtLimit(owner: string): boolean {
    return this.waitingOf(owner) > 0 && !this.#ownerSlots().mayRun(owner);
  }

  /** Slots a key may hold in a lane. */
  slotsOf(owner: string, lane: string): number {
    return Math.min(this.#slotsIn(lane), this.#limits.limitOf(owner));
  }

  /** Slots that a key could take in a lane now. */
  freeSlotsOf(owner: string, lane: string): number {
    const free = this.#slotsIn(lane) - this.#onSlots(lane).length;
    const own = this.#limits.freeOf(owner, this.#onSlots(null));
    return Math.max(0, Math.min(free, own));
  }

  /** Takes over the slots that a key may hold, and its group. @returns whether more of its requests may start now */
  setLimits(caller: LimitedCaller): boolean {
    const { isChanged, isRaised } = this.#limits.set(caller);
    if (isChanged) this.#invalidate();
    return isRaised;
  }

  add(request: SlotRequest): void {
    const entry = this.#arrived(request);
    this.#arrivals = entry.arrival;
    this.#tierOf(entry).add(entry);
    this.#waiting.set(entry.id, entry);
    this.#invalidate();
  }

  /** Removes the request that gets the next slot of a lane. */
  take(lane: string): SlotRequest | undefined {
    this.#moveAged();
    const ownerSlots = this.#ownerSlots();
    for (const tier of [this.#normal, this.#flex]) {
      const entry = tier.take(lane, ownerSlots);
      if (!entry) continue;
      const { id, owner, isReturning } = entry;
      if (!isReturning) this.#charges.set(id, (charge) => tier.charge(owner, charge));
      this.#waiting.delete(id);
      this.#invalidate();
      this.#forecastOf(lane).recordServed();
      return entry;
    }
    return undefined;
  }

  /** A request has given up its slot. */
  slotFreed(): void {
    this.#invalidate();
  }

  /** Charges the request's key for tokens computed and tokens still expected. */
  charge(id: string, charge: ShareCharge): void {
    this.#charges.get(id)?.(charge);
  }

  /** Charges a key for work that was done outside the slots. */
  chargeOwner(request: Demand, tokens: number): void {
    this.#tierOf(request).charge(request.owner, { done: tokens, expected: 0 });
    this.#invalidate();
  }

  /** Forgets a request that will not need a slot again. */
  leave(id: string): void {
    this.#charges.delete(id);
    this.#invalidate();
  }

  /** Removes a request that stops waiting. */
  remove(id: string): void {
    const entry = this.#waiting.get(id);
    if (!entry) return;
    this.#waiting.delete(id);
    this.#normal.remove(entry);
    this.#flex.remove(entry);
    this.#invalidate();
  }

  /** Position in its lane if no other request enters and every request costs what is expected; null if it does not wait. */
  positionOf(id: string): ForecastPosition | null {
    const entry = this.#waiting.get(id);
    if (!entry) return null;
    const { owner, lane } = entry;
    const last = { position: this.waiting, ownPosition: this.waitingOf(owner) };
    const forecast = this.#forecastOf(lane).positionOf(id);
    return forecast ?? { ...last, ownSlots: this.slotsOf(owner, lane) };
  }

  /** Position that one more request would get. */
  positionOfNew(request: NewRequest): ForecastPosition | null {
    const entry = this.#arrived({ ...request, id: "new", cost: 1, isReturning: false });
    return this.#simulate(entry.lane, entry).get(entry.id) ?? null;
  }

  #slotsIn(lane: string): number {
    return this.#laneSlots.get(lane) ?? this.#options.slots;
  }

  #forecastOf(lane: string): Forecast {
    const known = this.#forecasts.get(lane);
    if (known) return known;
    const forecast = new Forecast(() => this.#simulate(lane));
    this.#forecasts.set(lane, forecast);
    return forecast;
  }

  /** A change in one lane may change the turns of all: a key's work and its limit count in every lane. */
  #invalidate(): void {
    for (const forecast of this.#forecasts.values()) forecast.invalidate();
  }

  #arrived(request: SlotRequest): WaitingRequest {
    return { ...request, arrival: this.#arrivals + 1, arrivedAtMs: performance.now() };
  }

  #tierOf({ isFlex, arrivedAtMs }: Pick<WaitingRequest, "isFlex" | "arrivedAtMs">): ShareTier {
    const isAged = performance.now() - arrivedAtMs >= this.#options.flexWaitMs;
    return isFlex && !isAged ? this.#flex : this.#normal;
  }

  #ownerSlots(onSlots = this.#onSlots(null)): OwnerSlots {
    const runningOf = (owner: string) => {
      let count = 0;
      for (const each of onSlots) if (each === owner) count += 1;
      return count;
    };
    return { runningOf, mayRun: (owner) => this.#limits.freeOf(owner, onSlots) > 0 };
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
   * Plays one lane to its end, assuming that the request that has held its slot the longest always ends next.
   * @param newcomer a request that is not in the queue
   */
  #simulate(lane: string, newcomer?: WaitingRequest): ReadonlyMap<string, ForecastPosition> {
    this.#moveAged();
    const [normal, flex] = [this.#normal.copy(), this.#flex.copy()];
    if (newcomer) (this.#tierOf(newcomer) === this.#flex ? flex : normal).add(newcomer);
    const onSlots = [...this.#onSlots(lane)];
    const ownerSlots = this.#ownerSlots(onSlots);
    const positions = new Map<string, ForecastPosition>();
    const turns = new Map<string, number>();
    const note = ({ id, owner }: WaitingRequest) => {
      const ownPosition = (turns.get(owner) ?? 0) + 1;
      turns.set(owner, ownPosition);
      const position = positions.size + 1;
      positions.set(id, { position, ownPosition, ownSlots: this.slotsOf(owner, lane) });
    };
    const take = () => normal.take(lane, ownerSlots) ?? flex.take(lane, ownerSlots);
    while (positions.size < SIMULATED_TURNS) {
      const taken = onSlots.length < this.#slotsIn(lane) ? take() : undefined;
      if (taken) {
        onSlots.push(taken.owner);
        note(taken);
      } else if (onSlots.shift() === undefined) break;
    }
    const rest = [...normal.entries, ...flex.entries].filter((entry) => entry.lane === lane);
    for (const entry of rest.sort((one, other) => one.arrival - other.arrival)) note(entry);
    return positions;
  }
}
