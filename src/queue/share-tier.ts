// Chooses the next key among those of one priority: the key with the least work done. Within a key, requests run in
// order of arrival. Virtual time as in start-time fair queueing, measured in tokens computed:
// https://arxiv.org/abs/2401.00588 (the virtual token counter).

/** A request that needs a slot. */
export type SlotRequest = {
  readonly id: string;
  readonly owner: string;
  /** Whether all other requests go first. */
  readonly isFlex: boolean;
  /**
   * Whether it had a slot before and gave it up. Such a request precedes the key's others, and was charged the first time.
   */
  readonly isReturning: boolean;
  /** Expected cost in tokens. */
  readonly cost: number;
};

export type WaitingRequest = SlotRequest & {
  /** Arrival number: lower came earlier. */
  readonly arrival: number;
  readonly arrivedAtMs: number;
};

type Share = {
  readonly owner: string;
  /** Virtual time: tokens computed for the key, on a clock shared by all keys. */
  done: number;
  /** Tokens still expected from its running requests. */
  expected: number;
  /** Whether it waits, and either was eligible for the last turn or arrived after it. */
  isCompeting: boolean;
  waiting: WaitingRequest[];
};

/** Change in the tokens of a request that has a slot. */
export type ShareCharge = {
  /** Tokens computed since the last charge. */
  readonly done: number;
  /** Change in the tokens still expected; negative means fewer. */
  readonly expected: number;
};

/** The state of each key's slots, needed to choose the next request. */
export type OwnerSlots = {
  /** Whether the key may hold one more slot. */
  readonly mayRun: (owner: string) => boolean;
  /** Slots the key holds. */
  readonly runningOf: (owner: string) => number;
};

export class ShareTier {
  #shares = new Map<string, Share>();

  get entries(): readonly WaitingRequest[] {
    return [...this.#shares.values()].flatMap(({ waiting }) => waiting);
  }

  /** Whether one of its requests could start. */
  canStart({ mayRun }: OwnerSlots): boolean {
    const shares = [...this.#shares.values()];
    return shares.some(({ owner, waiting }) => waiting.length > 0 && mayRun(owner));
  }

  waitingOf(owner: string): number {
    return this.#shares.get(owner)?.waiting.length ?? 0;
  }

  add(entry: WaitingRequest): void {
    const share = this.#shareOf(entry.owner);
    if (share.waiting.length === 0) this.#compete([share]);
    const behind = share.waiting.findLastIndex((other) => isAhead(other, entry));
    share.waiting.splice(behind + 1, 0, entry);
  }

  /** Removes the next request and charges its key with the expected cost. */
  take(ownerSlots: OwnerSlots): WaitingRequest | undefined {
    const candidates = this.#candidates(ownerSlots);
    if (candidates.length === 0) return undefined;
    const next = candidates.reduce((best, each) =>
      isBefore(each, best, ownerSlots) ? each : best,
    );
    const entry = next.waiting.shift();
    if (entry && !entry.isReturning) next.expected += entry.cost;
    next.isCompeting = next.waiting.length > 0;
    return entry;
  }

  /** Does nothing if the request is not in this tier. */
  remove(entry: WaitingRequest): void {
    const share = this.#shares.get(entry.owner);
    const index = share?.waiting.indexOf(entry) ?? -1;
    if (!share || index < 0) return;
    share.waiting.splice(index, 1);
    share.isCompeting &&= share.waiting.length > 0;
  }

  charge(owner: string, { done, expected }: ShareCharge): void {
    const share = this.#shareOf(owner);
    share.done += done;
    share.expected += expected;
  }

  copy(): ShareTier {
    const tier = new ShareTier();
    for (const [owner, share] of this.#shares) {
      tier.#shares.set(owner, { ...share, waiting: [...share.waiting] });
    }
    return tier;
  }

  /** Keys that are eligible for the next turn. */
  #candidates({ mayRun }: OwnerSlots): Share[] {
    const eligible: Share[] = [];
    for (const share of this.#shares.values()) {
      if (share.waiting.length === 0) continue;
      if (mayRun(share.owner)) eligible.push(share);
      else share.isCompeting = false;
    }
    this.#compete(eligible.filter(({ isCompeting }) => !isCompeting));
    return eligible;
  }

  /**
   * A returning key gets no credit for the time it was away or held all its slots. It starts at the lowest virtual time
   * among the competing keys, or at the highest of all keys if no key competes.
   */
  #compete(joining: readonly Share[]): void {
    let [least, most] = [Number.POSITIVE_INFINITY, 0];
    for (const { done, isCompeting } of this.#shares.values()) {
      if (isCompeting) least = Math.min(least, done);
      most = Math.max(most, done);
    }
    for (const share of joining) {
      share.isCompeting = true;
      share.done = Math.max(share.done, Math.min(least, most));
    }
  }

  #shareOf(owner: string): Share {
    const known = this.#shares.get(owner);
    if (known) return known;
    const share: Share = { owner, done: 0, expected: 0, isCompeting: false, waiting: [] };
    this.#shares.set(owner, share);
    return share;
  }
}

/** Whether one request of a key precedes another of the same key. */
function isAhead(one: WaitingRequest, other: WaitingRequest): boolean {
  if (one.isReturning !== other.isReturning) return one.isReturning;
  return one.arrival < other.arrival;
}

/** Compares by virtual time. On a tie, the key with fewer slots goes first, then the one whose request arrived first. */
function isBefore(one: Share, other: Share, { runningOf }: OwnerSlots): boolean {
  const moreWork = one.done + one.expected - (other.done + other.expected);
  if (moreWork !== 0) return moreWork < 0;
  const moreSlots = runningOf(one.owner) - runningOf(other.owner);
  if (moreSlots !== 0) return moreSlots < 0;
  return (one.waiting[0]?.arrival ?? 0) < (other.waiting[0]?.arrival ?? 0);
}
