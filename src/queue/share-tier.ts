// Whose turn it is among the keys of one priority: the one that least work was done for. Within a key, in order of
// arrival. Virtual time as in start-time fair queueing, with what was really computed as its unit:
// https://arxiv.org/abs/2401.00588 (the virtual token counter).

/** A request that waits for a slot. */
export type Entry = {
  readonly id: string;
  /** Whose it is. */
  readonly owner: string;
  /** Counts arrivals. */
  readonly order: number;
  readonly arrivedAtMs: number;
  readonly isFlex: boolean;
  /** Whether it had a slot before and gave it up: it comes before its key's other requests, and was charged back then. */
  readonly isReturning: boolean;
  /** What it will cost, in tokens, as far as that can be known. */
  readonly cost: number;
  readonly start: () => Promise<unknown>;
};

type Share = {
  readonly owner: string;
  /** Tokens computed for the key, on a clock that all keys share. */
  done: number;
  /** Tokens that are still expected of its requests on slots. */
  expected: number;
  /** Whether it waits, and could have had the last turn, or came after that. */
  isCompeting: boolean;
  waiting: Entry[];
};

/** What has become of a request that has a slot. */
export type Progress = {
  /** Tokens computed since the last time. */
  readonly done: number;
  /** How many more (or, negative, fewer) are expected from now on. */
  readonly expected: number;
};

/** What a choice has to know of the keys. */
export type Standing = {
  /** Whether the key may have one more slot. */
  readonly mayRun: (owner: string) => boolean;
  /** Slots that it has. */
  readonly running: (owner: string) => number;
};

export class ShareTier {
  #shares = new Map<string, Share>();

  get entries(): readonly Entry[] {
    return [...this.#shares.values()].flatMap(({ waiting }) => waiting);
  }

  add(entry: Entry): void {
    const share = this.#shareOf(entry.owner);
    if (share.waiting.length === 0) this.#compete([share]);
    const behind = share.waiting.findLastIndex((other) => isAhead(other, entry));
    share.waiting.splice(behind + 1, 0, entry);
  }

  /** Takes the next one out, and charges its key with what it is expected to cost. */
  take(standing: Standing): Entry | undefined {
    const [first, ...others] = this.#candidates(standing);
    if (!first) return undefined;
    const next = others.reduce(
      (best, each) => (isBefore(each, best, standing) ? each : best),
      first,
    );
    const entry = next.waiting.shift();
    if (entry && !entry.isReturning) next.expected += entry.cost;
    next.isCompeting = next.waiting.length > 0;
    return entry;
  }

  remove(id: string): Entry | undefined {
    for (const share of this.#shares.values()) {
      const index = share.waiting.findIndex((entry) => entry.id === id);
      if (index < 0) continue;
      const [entry] = share.waiting.splice(index, 1);
      share.isCompeting &&= share.waiting.length > 0;
      return entry;
    }
    return undefined;
  }

  charge(owner: string, { done, expected }: Progress): void {
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

  /** Those who could have the next turn. */
  #candidates({ mayRun }: Standing): Share[] {
    const found: Share[] = [];
    for (const share of this.#shares.values()) {
      if (share.waiting.length === 0) continue;
      if (mayRun(share.owner)) found.push(share);
      else share.isCompeting = false;
    }
    this.#compete(found.filter(({ isCompeting }) => !isCompeting));
    return found;
  }

  /**
   * Whoever comes back to the others has no credit for the time that it was away, or had all slots that it may have: it begins
   * where the one begins that least was done for; where nobody else competes, with the one that most was done for.
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

/** Whether one request of a key comes before another one of the same key. */
function isAhead(one: Entry, other: Entry): boolean {
  if (one.isReturning !== other.isReturning) return one.isReturning;
  return one.order < other.order;
}

/** Of two keys that have as much, the one with fewer slots goes first, then the one that asked first. */
function isBefore(one: Share, other: Share, { running }: Standing): boolean {
  const more = one.done + one.expected - (other.done + other.expected);
  if (more !== 0) return more < 0;
  const ahead = running(one.owner) - running(other.owner);
  if (ahead !== 0) return ahead < 0;
  return (one.waiting[0]?.order ?? 0) < (other.waiting[0]?.order ?? 0);
}
