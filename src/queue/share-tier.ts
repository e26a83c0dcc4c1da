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
  /** What it will cost, in tokens, as far as that can be known. */
  readonly cost: number;
  readonly start: () => Promise<unknown>;
};

type Share = {
  readonly owner: string;
  /** Tokens computed for the key and expected of its running requests, on a clock that all keys share. */
  work: number;
  /** Where it was moved to when the key last came back to the others. */
  floor: number;
  /** How often that was: what was charged before is forgotten with it. */
  returns: number;
  /** Whether it was in the running for the last turn that was given out. */
  isCompeting: boolean;
  waiting: Entry[];
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
  /** The work of the last key that got a turn: where new ones begin when there is nobody to compare them with. */
  #clock = 0;

  get entries(): readonly Entry[] {
    return [...this.#shares.values()].flatMap(({ waiting }) => waiting);
  }

  add(entry: Entry): void {
    const { waiting } = this.#shareOf(entry.owner);
    const behind = waiting.findLastIndex(({ order }) => order < entry.order);
    waiting.splice(behind + 1, 0, entry); // at the end, but for one that comes over from the other priority
  }

  /** Takes the next one out, and charges its key what it is expected to cost. */
  take(standing: Standing): Entry | undefined {
    const competing = this.#competing(standing);
    const [first, ...others] = competing;
    if (!first) return undefined;
    const next = others.reduce(
      (best, each) => (isBefore(each, best, standing) ? each : best),
      first,
    );
    this.#clock = Math.max(this.#clock, next.work);
    const entry = next.waiting.shift();
    next.work += entry?.cost ?? 0;
    return entry;
  }

  remove(id: string): Entry | undefined {
    for (const { waiting } of this.#shares.values()) {
      const index = waiting.findIndex((entry) => entry.id === id);
      if (index >= 0) return waiting.splice(index, 1)[0];
    }
    return undefined;
  }

  /** To be kept with what a key was charged, for when it is given back. */
  returnsOf(owner: string): number {
    return this.#shareOf(owner).returns;
  }

  /** Work that was more than expected, or less. @param returns when it was charged: nothing forgotten is given back */
  charge(owner: string, tokens: number, returns: number): void {
    const share = this.#shareOf(owner);
    if (tokens > 0 || share.returns === returns) share.work += tokens;
  }

  copy(): ShareTier {
    const tier = new ShareTier();
    tier.#clock = this.#clock;
    for (const [owner, share] of this.#shares) {
      tier.#shares.set(owner, { ...share, waiting: [...share.waiting] });
    }
    return tier;
  }

  /**
   * Those who could have the next turn. Whoever comes back to them has no credit for the time that it was away, or at its
   * limit: it begins where the others are.
   */
  #competing({ mayRun }: Standing): Share[] {
    const found: Share[] = [];
    let level = Number.POSITIVE_INFINITY;
    for (const share of this.#shares.values()) {
      if (share.waiting.length === 0 || !mayRun(share.owner)) {
        share.isCompeting = false;
        continue;
      }
      found.push(share);
      if (share.isCompeting) level = Math.min(level, share.work);
    }
    for (const share of found) {
      if (share.isCompeting) continue;
      share.isCompeting = true;
      const from = level === Number.POSITIVE_INFINITY ? this.#clock : level;
      if (share.work >= from) continue;
      share.work = from;
      share.floor = from;
      share.returns += 1;
    }
    return found;
  }

  #shareOf(owner: string): Share {
    const known = this.#shares.get(owner);
    if (known) return known;
    const share: Share = { owner, work: 0, floor: 0, returns: 0, isCompeting: false, waiting: [] };
    this.#shares.set(owner, share);
    return share;
  }
}

/** Of two keys that had the same, the one with fewer slots goes first, then one that has just come, then by arrival. */
function isBefore(one: Share, other: Share, { running }: Standing): boolean {
  if (one.work !== other.work) return one.work < other.work;
  const ahead = running(one.owner) - running(other.owner);
  if (ahead !== 0) return ahead < 0;
  const isFresh = one.work === one.floor;
  if (isFresh !== (other.work === other.floor)) return isFresh;
  return (one.waiting[0]?.order ?? 0) < (other.waiting[0]?.order ?? 0);
}
