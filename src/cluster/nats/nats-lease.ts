// The lease of the active gateway. Its holder renews an entry that would expire otherwise; the others look at it, and one of them
// writes its own when it has expired.

import type { ClusterLink, GatewayLease } from "../link.ts";
import { errorText } from "./error-text.ts";
import { JetStreamLeaseStore, type LeaseStore } from "./lease-store.ts";
import type { LinkLog, NatsLink } from "./nats-link.ts";

/** Time without renewal after which another gateway may become active. */
export const LEASE_TTL_MS = 2_000;
const RENEW_MS = 500;
const WATCH_MS = 200;
/** The holder's own clock ends the lease earlier than the server's does. */
const MARGIN_MS = 200;
/** After NATS was away, the last holder has precedence for this time: it still has the streams of its clients. */
const PRECEDENCE_MS = 1_000;

export type LeaseClock = {
  /** In ms; never goes back, and continues while the process is stopped. */
  now(): number;
  /** Unix time in ms. */
  unixTime(): number;
  /** @returns a function that cancels it */
  after(ms: number, action: () => void): () => void;
};

const SYSTEM_CLOCK: LeaseClock = {
  now: () => performance.now(),
  unixTime: () => Date.now(),
  after: (ms, action) => {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
};

export type LeaseOptions = {
  readonly link: Pick<ClusterLink, "isConnected" | "onConnection">;
  readonly store: LeaseStore;
  /** This gateway's id: random, so that no other gateway has or had it. */
  readonly gateway: string;
  readonly log: LinkLog;
  /** Another clock for tests. */
  readonly clock?: LeaseClock;
};

export type NatsLeaseOptions = Pick<LeaseOptions, "gateway" | "log"> & {
  readonly link: NatsLink;
  /** `Subjects.leaseBucket` */
  readonly bucket: string;
};

/** Begins to try at once. */
export function openNatsLease({ link, bucket, gateway, log }: NatsLeaseOptions): GatewayLease {
  const store = new JetStreamLeaseStore(link.nats, { bucket, ttlMs: LEASE_TTL_MS });
  return new RenewedLease({ link, store, gateway, log });
}

type LeaseWrite = { readonly turn: number; readonly term: number; readonly revision: number };

export class RenewedLease implements GatewayLease {
  readonly #options: LeaseOptions;
  readonly #clock: LeaseClock;
  readonly #listeners = new Set<(isHeld: boolean) => void>();
  readonly #removeListener: () => void;
  #holder: string | null = null;
  /** The greatest term that was seen anywhere. */
  #lastTerm = 0;
  #term = 0;
  /** Revision of this gateway's entry; null without one. */
  #revision: number | null = null;
  /** On the own clock. */
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  #wasHeld = false;
  /** When this gateway may take the lease if there is no entry: another's may be lost before its lease has ended. */
  #mayTakeAtMs = Number.NEGATIVE_INFINITY;
  /** The last entry of another gateway. */
  #seenRevision = 0;
  /** Since the connection was lost, the store has not answered yet. */
  #isReturning = false;
  #cancelTurn: () => void = () => {};
  #cancelExpiry: () => void = () => {};
  /** The turn that is under way. */
  #turn: Promise<void> | null = null;
  /** Grows with each turn, and when the connection changes: what an older turn learns then is ignored. */
  #turns = 0;
  #isClosed = false;
  #lastFailure = "";

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#removeListener = options.link.onConnection((isConnected) => {
      this.#turn = null; // it may wait for an answer that the old connection has lost
      this.#turns++;
      if (!isConnected) this.#isReturning = true;
      this.#takeTurn();
    });
    this.#takeTurn();
  }

  get isHeld(): boolean {
    return this.#clock.now() < this.#heldUntilMs;
  }

  get term(): number {
    return this.#term;
  }

  get holder(): string | null {
    return this.#holder;
  }

  onChange(listener: (isHeld: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  surpass(term: number): void {
    this.#lastTerm = Math.max(this.#lastTerm, term);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelTurn();
    this.#removeListener();
    await this.#turn;
    const { store, link } = this.#options;
    const revision = this.#revision;
    const isMine = this.isHeld && revision !== null;
    this.#heldUntilMs = Number.NEGATIVE_INFINITY;
    this.#tellChange();
    if (!isMine || !link.isConnected) return;
    // Its term stays readable until the entry expires, for clocks that are behind this one.
    await store.write({ holder: null, term: this.#term }, revision).catch(() => {});
  }

  #takeTurn(): void {
    this.#cancelTurn();
    if (this.#isClosed || this.#turn || !this.#options.link.isConnected) return;
    const turn = ++this.#turns;
    this.#turn = this.#try(turn).then(() => {
      if (turn !== this.#turns) return;
      this.#turn = null;
      if (this.#isClosed) return;
      const ms = this.#holder === this.#options.gateway ? RENEW_MS : WATCH_MS;
      this.#cancelTurn = this.#clock.after(ms, () => this.#takeTurn());
    });
  }

  async #try(turn: number): Promise<void> {
    try {
      const revision = this.#term >= this.#lastTerm ? this.#revision : null;
      const isRenewed =
        revision !== null && (await this.#write({ turn, term: this.#term, revision }));
      if (!isRenewed && turn === this.#turns) await this.#look(turn);
      if (turn === this.#turns) this.#lastFailure = "";
    } catch (error) {
      if (turn === this.#turns) this.#logFailure(error as Error);
    }
  }

  /** Looks who is active, and takes the lease if it is free. */
  async #look(turn: number): Promise<void> {
    const { store, gateway } = this.#options;
    const entry = await store.read();
    if (this.#isClosed || turn !== this.#turns) return;
    this.#lastTerm = Math.max(this.#lastTerm, entry?.term ?? 0);
    if (entry?.holder && entry.holder !== gateway) this.#standBy(entry.holder, entry.revision);
    else if (this.#mayTake(entry !== null)) {
      const term = Math.max(this.#clock.unixTime(), this.#lastTerm + 1);
      await this.#write({ turn, term, revision: entry?.revision ?? 0 });
    }
  }

  #standBy(holder: string, revision: number): void {
    if (revision !== this.#seenRevision) this.#mayTakeAtMs = this.#clock.now() + LEASE_TTL_MS;
    this.#seenRevision = revision;
    this.#isReturning = false;
    this.#holder = holder;
    this.#revision = null;
    this.#heldUntilMs = Number.NEGATIVE_INFINITY;
    this.#tellChange();
  }

  /** The last holder may take a free lease at once, and everyone a lease that was given back. */
  #mayTake(isGivenBack: boolean): boolean {
    if (isGivenBack || this.#holder === this.#options.gateway) return true;
    const now = this.#clock.now();
    if (this.#isReturning) this.#mayTakeAtMs = Math.max(this.#mayTakeAtMs, now + PRECEDENCE_MS);
    this.#isReturning = false;
    this.#holder = null;
    return now >= this.#mayTakeAtMs;
  }

  /** @returns whether this gateway has the lease now */
  async #write({ turn, term, revision }: LeaseWrite): Promise<boolean> {
    const { store, gateway } = this.#options;
    const sentAtMs = this.#clock.now();
    const written = await store.write({ holder: gateway, term }, revision);
    if (turn !== this.#turns) return false;
    this.#revision = written;
    if (written === null) return false;
    this.#holder = gateway;
    this.#lastTerm = Math.max(this.#lastTerm, term);
    this.#term = term;
    this.#heldUntilMs = sentAtMs + LEASE_TTL_MS - MARGIN_MS;
    this.#tellChange();
    this.#watchExpiry();
    return true;
  }

  #watchExpiry(): void {
    this.#cancelExpiry();
    const ms = Math.max(1, this.#heldUntilMs - this.#clock.now());
    this.#cancelExpiry = this.#clock.after(ms, () => {
      if (this.isHeld)
        this.#watchExpiry(); // a timer may come early
      else this.#tellChange();
    });
  }

  #tellChange(): void {
    const { isHeld } = this;
    if (!isHeld) this.#cancelExpiry();
    if (isHeld === this.#wasHeld) return;
    this.#wasHeld = isHeld;
    const { log } = this.#options;
    if (isHeld) log.info({ term: this.#term }, "this gateway is active");
    else if (this.#isClosed) log.info("this gateway has given back its lease");
    else log.warn("this gateway is not active any more: it could not renew its lease");
    for (const listener of this.#listeners) listener(isHeld);
  }

  #logFailure(error: Error): void {
    const message = errorText(error);
    if (message === this.#lastFailure) return;
    this.#lastFailure = message;
    const { log } = this.#options;
    if (error.name === "JetStreamNotEnabled")
      log.error(
        "the NATS server has no JetStream, which the lease of the active gateway requires: start it with -js, or with jetstream { } in its configuration",
      );
    else log.warn(`cannot reach the lease of the active gateway: ${message}`);
  }
}
