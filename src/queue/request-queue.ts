// Who may generate, and when: p-queue with the slots as its concurrency, fair shares as its order, and limits on waiting.

import PQueue from "p-queue";
import type { ServiceError } from "../errors.ts";
import { type Accounts, EVERYBODY, type Sharer } from "./accounts.ts";
import { keyRefusal, refusal } from "./admission.ts";
import { AnswerLengths } from "./answer-lengths.ts";
import { Bill } from "./bill.ts";
import { FairShare, type LineOptions, type NewEntry } from "./fair-share.ts";
import type { LinePlace } from "./forecast.ts";
import { ServiceRate } from "./service-rate.ts";
import { Ticket } from "./ticket.ts";

export type RequestQueueOptions = {
  readonly slots: number;
  /** Slots that one key may have at most; all by default. */
  readonly slotsPerOwner?: number;
  /** For the refusal, where a slot is not one of `--slots`: what is busy. */
  readonly busyWith?: string;
  /** Requests that may wait. */
  readonly maxWaiting: number;
  /** A request that has waited so long for a slot is refused. */
  readonly queueTimeoutMs: number;
  /** A flex request that has waited so long is no longer put last. */
  readonly flexWaitMs: number;
  /** Where keys' tokens per minute are kept; without it what is done here costs none. */
  readonly accounts?: Accounts;
  /** Whether there are several keys; the queue then keeps places for each. */
  readonly isShared?: () => boolean;
};

export type EnterOptions = {
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Ends the request from here: the server drains. */
  readonly abort: (error: ServiceError) => void;
  /** Whether it belongs to a request that another line has let in already: then it is not refused here. Default: false. */
  readonly isAdmitted?: boolean;
  /** Whose request it is; everybody's where there are no keys. */
  readonly sharer?: Sharer;
  /** Whether nobody waits for it: it gets a slot when no other request wants it. */
  readonly isFlex?: boolean;
  /** What its client gives it from now on, in ms; null or undefined for no limit of its own. */
  readonly deadlineMs?: number | null;
  /** Name of the request's field that makes its choices so many, for the refusal. */
  readonly field?: string;
};

export class RequestQueue {
  readonly #options: RequestQueueOptions;
  readonly #line: FairShare;
  readonly #turns: PQueue<FairShare, LineOptions>;
  readonly #rate = new ServiceRate();
  readonly #answers = new AnswerLengths();
  readonly #tickets = new Set<Ticket>();
  /** Those on a slot. */
  readonly #running = new Set<Ticket>();
  #isDraining = false;
  #onEmpty: (() => void) | null = null;
  #nextId = 0;

  constructor(options: RequestQueueOptions) {
    this.#options = options;
    const line = new FairShare(options);
    this.#line = line;
    this.#turns = new PQueue<FairShare, LineOptions>({
      concurrency: options.slots,
      queueClass: class {
        constructor() {
          // biome-ignore lint/correctness/noConstructorReturn: p-queue makes its own queue; positions need ours
          return line;
        }
      } as unknown as new () => FairShare,
    });
  }

  /** Requests that wait for a slot. */
  get waiting(): number {
    return this.#line.waiting;
  }

  /** Slots in use. */
  get busy(): number {
    return this.#turns.pending;
  }

  /** Requests inside in whatever phase. */
  get inside(): number {
    return this.#tickets.size;
  }

  /** Of one key: requests on slots, and those that wait. */
  loadOf(owner: string): { readonly running: number; readonly waiting: number } {
    return { running: this.#line.running(owner), waiting: this.#line.waitingOf(owner) };
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** @throws ServiceError `queue_full` or `draining`, with advice when to try again */
  enter(options: EnterOptions): Ticket {
    if (!options.isAdmitted) this.#admit(1, options);
    return this.#enterOne(options);
  }

  /** As `enter()`, for all the choices of a request: all of them enter, or none. */
  enterAll(choices: number, options: EnterOptions): readonly Ticket[] {
    this.#admit(choices, options);
    return Array.from({ length: choices }, () => this.#enterOne(options));
  }

  #admit(entering: number, entry: EnterOptions): void {
    const { field, isFlex = false, sharer = EVERYBODY, deadlineMs = null } = entry;
    const { slots, busyWith, maxWaiting, queueTimeoutMs, isShared } = this.#options;
    const { owner, limits } = sharer;
    if (this.#line.limit(owner, limits.concurrent)) this.#turns.concurrency = slots; // looks for more to start
    let own = 0;
    for (const ticket of this.#tickets) if (ticket.owner === owner) own += 1;
    const running = this.#line.running(owner);
    const refused =
      refusal({
        entering,
        field,
        inside: this.#tickets.size,
        slots,
        busyWith,
        maxWaiting,
        isFlex,
        ownWaiting: isShared?.() ? own - running : null,
        isDraining: this.#isDraining,
        deadlineMs,
        queueTimeoutMs,
        waitMs: (position) => this.#waitMs(position),
        newWaitMs: (behind) => this.#waitMsOfNew(behind, { owner, isFlex }),
      }) ??
      keyRefusal({
        entering,
        field,
        limits,
        allowance: this.#options.accounts?.stateOf(sharer) ?? null,
        inside: own,
        running,
        slots: this.#line.slotsOf(owner),
        freeSlots: slots - this.#running.size,
        waitMs: () => this.#waitMsOfNext(owner),
      });
    if (refused) throw refused;
  }

  #enterOne({ sharer = EVERYBODY, ...options }: EnterOptions): Ticket {
    const { queueTimeoutMs, accounts } = this.#options;
    this.#nextId += 1;
    const id = `${this.#nextId}`;
    const { owner } = sharer;
    const bill = new Bill({
      toShare: (progress) => this.#line.charge(id, progress),
      toAllowance: (tokens) => accounts?.spend(owner, tokens),
    });
    const ticket = new Ticket({
      isFlex: false,
      ...options,
      id,
      owner,
      bill,
      expectedAnswer: () => this.#answers.expected(owner),
      queueTimeoutMs,
      turns: this.#turns,
      line: this.#line,
      waitMs: (place) => (place ? this.#waitMsAt(place) : this.#waitMs(1)),
      onTurn: (running) => this.#running.add(running),
      onTurnEnd: (ended, heldMs) => {
        this.#running.delete(ended);
        this.#rate.observe(heldMs);
      },
      onLeave: (left) => {
        if (bill.isOpen) this.#answers.observe(owner, bill.generated);
        this.#left(left);
      },
    });
    this.#tickets.add(ticket);
    return ticket;
  }

  /** Takes nobody in from now on. @returns whether all who were inside were done within the limit */
  async drain(limitMs: number): Promise<boolean> {
    this.#isDraining = true;
    if (this.#tickets.size === 0) return true;
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), limitMs);
    });
    const empty = new Promise<boolean>((resolve) => {
      this.#onEmpty = () => resolve(true);
    });
    try {
      return await Promise.race([empty, limit]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends everything that is inside with this error. */
  abortAll(error: ServiceError): void {
    for (const ticket of this.#tickets) ticket.abort(error);
  }

  #waitMs(position: number, slots = this.#options.slots): number | null {
    let sumMs = 0;
    for (const { heldMs } of this.#running) sumMs += heldMs;
    return this.#rate.waitMs(position, slots, sumMs / Math.max(1, this.#running.size));
  }

  /** A key that may have few slots waits for its own requests, however many slots are free. */
  #waitMsAt({ position, ownPosition, ownSlots }: LinePlace): number | null {
    const inLineMs = this.#waitMs(position);
    const ownMs = this.#waitMs(ownPosition, ownSlots);
    return inLineMs === null || ownMs === null ? null : Math.max(inLineMs, ownMs);
  }

  #waitMsOfNew(behind: number, entry: NewEntry): number | null {
    const place = this.#line.placeOfNew(entry);
    return place && this.#waitMsAt({ ...place, position: Math.min(behind, place.position) });
  }

  #waitMsOfNext(owner: string): number | null {
    const next = this.#line.nextOf(owner);
    return next ? this.#waitMsAt(next) : this.#waitMs(1, this.#line.slotsOf(owner));
  }

  #left(ticket: Ticket): void {
    this.#tickets.delete(ticket);
    if (this.#tickets.size === 0) this.#onEmpty?.();
  }
}
