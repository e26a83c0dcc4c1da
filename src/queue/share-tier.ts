// Chooses the next key among those of one priority: the key with the least work done. Within a key, requests run in
// order of arrival. Each request waits in the lane of its model; the work of a key counts in all lanes. Virtual time as in start-time fair queueing, measured in tokens computed:
// https://arxiv.org/abs/2401.00588 (the virtual token counter).

/** A request that needs a slot. */
export type SlotRequest = {
  readonly id: string;
  readonly owner: string;
  /** The name of the group of slots for which it waits: those of one model. */
  readonly lane: string;
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
  /** Its requests that wait until their lane opens. */
  atGates: number;
  /** Waiting requests by lane; no lane is empty. */
  readonly waiting: Map<string, WaitingRequest[]>;
};

/** A key with a request that waits in the lane of the next turn. */
type Candidate = { readonly share: Share; readonly head: WaitingRequest };

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
  /** Slots the key holds, in all lanes. */
  readonly runningOf: (owner: string) => number;
};

export class ShareTier {
  #shares = new Map<string, Share>();

  get entries(): readonly WaitingRequest[] {
    return [...this.#shares.values()].flatMap(({ waiting }) => [...waiting.values()].flat());
  }

  /** Whether a request in this lane could start. */
  canStart(lane: string, { mayRun }: OwnerSlots): boolean {
    return [...this.#shares.values()].some(
      ({ owner, waiting }) => waiting.has(lane) && mayRun(owner),
    );
  }

  waitingOf(owner: string): number {
    let waiting = 0;
    for (const requests of this.#shares.get(owner)?.waiting.values() ?? [])
      waiting += requests.length;
    return waiting;
  }

  add(entry: WaitingRequest): void {
    const share = this.#shareOf(entry.owner);
    const requests = share.waiting.get(entry.lane) ?? [];
    if (requests.length === 0) {
      if (!share.isCompeting) this.#compete([share], entry.lane);
      share.waiting.set(entry.lane, requests);
    }
    const behind = requests.findLastIndex((other) => isAhead(other, entry));
    requests.splice(behind + 1, 0, entry);
  }

  /** Removes the next request of a lane and charges its key with the expected cost. */
  take(lane: string, ownerSlots: OwnerSlots): WaitingRequest | undefined {
    const [first, ...others] = this.#candidates(lane, ownerSlots);
    if (!first) return undefined;
    const { share, head } = others.reduce(
      (best, each) => (isBefore(each, best, ownerSlots) ? each : best),
      first,
    );
    this.remove(head);
    if (!head.isReturning) share.expected += head.cost;
    return head;
  }

  /** Does nothing if the request is not in this tier. */
  remove(entry: WaitingRequest): void {
    const share = this.#shares.get(entry.owner);
    const requests = share?.waiting.get(entry.lane);
    const index = requests?.indexOf(entry) ?? -1;
    if (!share || !requests || index < 0) return;
    requests.splice(index, 1);
    if (requests.length === 0) share.waiting.delete(entry.lane);
    share.isCompeting &&= hasDemand(share);
  }

  /** One of the key's requests waits until its lane opens. The key keeps its virtual time, as if it waited for a slot. */
  enterGate(owner: string, lane: string): void {
    const share = this.#shareOf(owner);
    if (!share.isCompeting) this.#compete([share], lane);
    share.atGates += 1;
  }

  leaveGate(owner: string): void {
    const share = this.#shareOf(owner);
    share.atGates -= 1;
    share.isCompeting &&= hasDemand(share);
  }

  /** The work that decides the key's next turn: its virtual time and what its running requests are expected to add. */
  workOf(owner: string): number {
    const { done, expected } = this.#shareOf(owner);
    return done + expected;
  }

  /** The lane's request that gets the next slot; null if none waits. */
  firstIn(lane: string, ownerSlots: OwnerSlots): WaitingRequest | null {
    let first: Candidate | null = null;
    for (const share of this.#shares.values()) {
      const head = share.waiting.get(lane)?.[0];
      if (head && (!first || isBefore({ share, head }, first, ownerSlots))) first = { share, head };
    }
    return first?.head ?? null;
  }

  charge(owner: string, { done, expected }: ShareCharge): void {
    const share = this.#shareOf(owner);
    share.done += done;
    share.expected += expected;
  }

  copy(): ShareTier {
    const tier = new ShareTier();
    for (const [owner, share] of this.#shares) {
      const waiting = new Map<string, WaitingRequest[]>();
      for (const [lane, requests] of share.waiting) waiting.set(lane, [...requests]);
      tier.#shares.set(owner, { ...share, waiting });
    }
    return tier;
  }

  /** Keys that are eligible for the next turn in this lane. */
  #candidates(lane: string, { mayRun }: OwnerSlots): Candidate[] {
    const eligible: Candidate[] = [];
    for (const share of this.#shares.values()) {
      const head = share.waiting.get(lane)?.[0];
      if (!head) continue;
      if (mayRun(share.owner)) eligible.push({ share, head });
      else share.isCompeting = false;
    }
    const joining = eligible.map(({ share }) => share).filter(({ isCompeting }) => !isCompeting);
    this.#compete(joining, lane);
    return eligible;
  }

  /**
   * A returning key gets no credit for the time it was away or held all its slots. It starts at the lowest virtual time
   * among the keys that compete in the lane, or else in any lane, or at the highest of all keys if no key competes.
   */
  #compete(joining: readonly Share[], lane: string): void {
    if (joining.length === 0) return;
    let [least, leastElsewhere, most] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0];
    for (const { done, isCompeting, waiting } of this.#shares.values()) {
      if (isCompeting && waiting.has(lane)) least = Math.min(least, done);
      if (isCompeting) leastElsewhere = Math.min(leastElsewhere, done);
      most = Math.max(most, done);
    }
    const start = Math.min(Number.isFinite(least) ? least : leastElsewhere, most);
    for (const share of joining) {
      share.isCompeting = true;
      share.done = Math.max(share.done, start);
    }
  }

  #shareOf(owner: string): Share {
    const known = this.#shares.get(owner);
    if (known) return known;
    const share: Share = {
      owner,
      done: 0,
      expected: 0,
      isCompeting: false,
      atGates: 0,
      waiting: new Map(),
    };
    this.#shares.set(owner, share);
    return share;
  }
}

/** Whether one request of a key precedes another of the same key. */
function isAhead(one: WaitingRequest, other: WaitingRequest): boolean {
  if (one.isReturning !== other.isReturning) return one.isReturning;
  return one.arrival < other.arrival;
}

function hasDemand({ waiting, atGates }: Share): boolean {
  return waiting.size > 0 || atGates > 0;
}

/** Compares by virtual time. On a tie, the key with fewer slots goes first, then the one whose request arrived first. */
function isBefore(one: Candidate, other: Candidate, { runningOf }: OwnerSlots): boolean {
  const [first, second] = [one.share, other.share];
  const moreWork = first.done + first.expected - (second.done + second.expected);
  if (moreWork !== 0) return moreWork < 0;
  const moreSlots = runningOf(first.owner) - runningOf(second.owner);
  if (moreSlots !== 0) return moreSlots < 0;
  return one.head.arrival < other.head.arrival;
}
