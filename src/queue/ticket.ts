// One request's stay in the queue: it knows its place, and takes and returns turns on a slot. A turn lasts until the
// worker has freed the slot.

import type PQueue from "p-queue";
import { abortReason, ServiceError } from "../errors.ts";
import type { GenerateEvent, Usage } from "../generation/events.ts";
import type { SlotLease } from "../generation/slot-lease.ts";
import type { Bill } from "./bill.ts";
import type { FairShare, LineOptions } from "./fair-share.ts";
import type { LinePlace } from "./forecast.ts";

export type TicketOptions = {
  readonly id: string;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Ends the request from the server's side. */
  readonly abort: (error: ServiceError) => void;
  /** Whether nobody waits for it: all others go first. */
  readonly isFlex: boolean;
  /** Whose request it is. */
  readonly owner: string;
  readonly bill: Bill;
  /** Tokens that an answer for this key is expected to have. */
  readonly expectedAnswer: () => number;
  readonly queueTimeoutMs: number;
  readonly turns: PQueue<FairShare, LineOptions>;
  readonly line: FairShare;
  /** Expected wait at a place in line, or of the next one. */
  readonly waitMs: (place: LinePlace | null) => number | null;
  readonly onTurn: (ticket: Ticket) => void;
  readonly onTurnEnd: (ticket: Ticket, heldMs: number) => void;
  readonly onLeave: (ticket: Ticket) => void;
};

export type QueuePlace = {
  /** 1 is next, as it looks now: a key that has had less may still come in between. */
  readonly position: number;
  /** Null before anything has been measured. */
  readonly etaMs: number | null;
};

/** One request's stay in the queue, from its entry to its end. Counts against the limit until `leave()`. */
export class Ticket implements SlotLease {
  readonly #options: TicketOptions;
  #endTurn: (() => void) | null = null;
  #stopWaiting: ((error: ServiceError) => void) | null = null;
  #hadTurn = false;
  #waitedMs = 0;
  #turnStartedMs: number | null = null;

  constructor(options: TicketOptions) {
    this.#options = options;
  }

  get owner(): string {
    return this.#options.owner;
  }

  /** Where it waits; null while it does not. */
  get place(): QueuePlace | null {
    const { id, line, waitMs } = this.#options;
    const place = line.placeOf(id);
    return place && { position: place.position, etaMs: waitMs(place) };
  }

  /** Time spent waiting for slots so far, in ms. */
  get waitedMs(): number {
    return this.#waitedMs;
  }

  /** For how long it has held its slot, in ms; 0 without one. */
  get heldMs(): number {
    return this.#turnStartedMs === null ? 0 : performance.now() - this.#turnStartedMs;
  }

  /** Whether it ever had a turn. */
  get hadTurn(): boolean {
    return this.#hadTurn;
  }

  get isHeld(): boolean {
    return this.#endTurn !== null;
  }

  /** Those of other keys that wait for their own ones would gain nothing from this slot. */
  get isContended(): boolean {
    const { line, owner } = this.#options;
    return line.size > 0 || line.waitingOf(owner) > 0;
  }

  /** What is known before it waits. @param maxTokens of its answer */
  expect(tokens: { readonly promptTokens: number; readonly maxTokens: number }): void {
    const { bill, expectedAnswer } = this.#options;
    bill.expect(tokens.promptTokens, Math.min(tokens.maxTokens, expectedAnswer()));
  }

  /** What was computed for it is charged to its key. */
  charge(event: GenerateEvent): void {
    this.#options.bill.add(event);
  }

  /** The same for what has no events. May be a fraction where the unit of the line is not a token. */
  chargeAll(promptTokens: number): void {
    const usage: Usage = { promptTokens, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0 };
    this.#options.bill.close(usage);
  }

  async acquire(): Promise<void> {
    const { signal, queueTimeoutMs } = this.#options;
    if (signal.aborted) throw abortReason(signal);
    const waiting = new AbortController();
    this.#stopWaiting = (error) => waiting.abort(error);
    const onAbort = () => waiting.abort(abortReason(signal));
    signal.addEventListener("abort", onAbort, { once: true });
    const timer = setTimeout(() => waiting.abort(this.#timedOut()), queueTimeoutMs);
    const startedMs = performance.now();
    try {
      await this.#turn(waiting.signal);
    } finally {
      this.#waitedMs += performance.now() - startedMs;
      this.#stopWaiting = null;
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
  }

  release(): void {
    this.#stopWaiting?.(new ServiceError("aborted", "no slot is wanted any more"));
    this.#endTurn?.();
  }

  /** Ends the request from the server's side. */
  abort(error: ServiceError): void {
    this.#options.abort(error);
  }

  leave(): void {
    this.release();
    const { bill, line, id, onLeave } = this.#options;
    bill.close(null);
    line.leave(id);
    onLeave(this);
  }

  /** Resolves when the turn begins; p-queue's task itself goes on until `release()`. */
  #turn(signal: AbortSignal): Promise<void> {
    const { id, owner, bill, isFlex, line, turns, onTurn, onTurnEnd } = this.#options;
    return new Promise((resolve, reject) => {
      const task = () =>
        new Promise<void>((end) => {
          this.#turnStartedMs = performance.now();
          this.#hadTurn = true;
          bill.open();
          onTurn(this);
          this.#endTurn = () => {
            this.#endTurn = null;
            onTurnEnd(this, this.heldMs);
            this.#turnStartedMs = null;
            line.release(id);
            end();
          };
          resolve();
        });
      // The signal is for waiting only: on a running task it would free the place before the worker has freed the slot.
      const isReturning = this.#hadTurn;
      const options = { id, owner, cost: bill.expected, signal, isFlex, isReturning };
      turns.add(task, options).catch(reject);
    });
  }

  #timedOut(): ServiceError {
    const { queueTimeoutMs } = this.#options;
    return new ServiceError(
      "queue_timeout",
      `no slot became free within ${queueTimeoutMs / 1000} s (--queue-timeout)`,
      { retryAfterSeconds: Math.max(1, Math.ceil((this.#options.waitMs(null) ?? 0) / 1000)) },
    );
  }
}
