// The right of one choice to wait for slots: its position, and its turns on a slot. A turn lasts until the worker has freed the
// slot.

import { abortReason, ServiceError } from "../errors.ts";
import type { ShownSlot, SlotLease, SlotUse } from "../generation/slot-lease.ts";
import type { Tally } from "../generation/tally.ts";
import type { QueuedStatus } from "../generation/wait-status.ts";
import type { AnswerLengths } from "./answer-lengths.ts";
import type { FairShare } from "./fair-share.ts";
import type { ForecastPosition } from "./forecast.ts";
import type { Lane } from "./lane.ts";
import { retrySeconds } from "./service-rate.ts";
import type { SlotRequest } from "./share-tier.ts";
import type { TokenUsage } from "./token-usage.ts";

export type TicketOptions = Pick<SlotRequest, "id" | "owner" | "isFlex"> & {
  readonly signal: AbortSignal;
  readonly tokenUsage: TokenUsage;
  readonly answers: AnswerLengths;
  readonly queueTimeoutMs: number;
  /** The slots for which it waits. */
  readonly lane: Lane;
  readonly order: FairShare;
  /** Expected wait at a position; of the next request if null. */
  readonly waitMs: (position: ForecastPosition | null) => number | null;
  /** The current figures; undefined if they are not shown. */
  readonly use: () => Omit<SlotUse, "heldMs"> | undefined;
};

export class Ticket implements SlotLease {
  readonly #options: TicketOptions;
  #waiting: AbortController | null = null;
  #waitedMs = 0;
  #turn: { readonly startedMs: number; readonly end: () => void } | null = null;

  constructor(options: TicketOptions) {
    this.#options = options;
  }

  get owner(): string {
    return this.#options.owner;
  }

  /** Null while it does not wait. */
  get place(): QueuedStatus | null {
    const { id, order, waitMs } = this.#options;
    const forecast = order.positionOf(id);
    return forecast && { type: "queued", position: forecast.position, etaMs: waitMs(forecast) };
  }

  /** Time spent waiting for slots so far, in ms. */
  get waitedMs(): number {
    return this.#waitedMs;
  }

  /** How long it has held its slot, in ms; 0 without one. */
  get heldMs(): number {
    return this.#turn ? performance.now() - this.#turn.startedMs : 0;
  }

  get hadTurn(): boolean {
    return this.#options.tokenUsage.isOpen;
  }

  /** As GET /slots shows it to its owner. */
  get shown(): ShownSlot {
    const use = this.#options.use();
    return use ? { ...use, heldMs: this.heldMs } : "busy";
  }

  get isHeld(): boolean {
    return this.#turn !== null;
  }

  /**
   * Whether another request could use this slot, or another model its memory. Requests of other keys that wait for their own
   * key's slots could not.
   */
  get isContended(): boolean {
    const { order, owner, lane } = this.#options;
    return !lane.isOpen || order.canStart(lane.name) || order.isAtLimit(owner);
  }

  /** Sets the expected cost, before the request waits. @param maxTokens of the answer */
  expect(tokens: { readonly promptTokens: number; readonly maxTokens: number }): void {
    const { tokenUsage, answers, owner } = this.#options;
    tokenUsage.expect(tokens.promptTokens, Math.min(tokens.maxTokens, answers.expected(owner)));
  }

  /** Charges the tokens counted since the last call to the request's key. */
  charge(tally: Tally): void {
    this.#options.tokenUsage.charge(tally);
  }

  /** Charges a request without events. A fraction is allowed if the queue's unit is not a token. */
  chargeAll(promptTokens: number): void {
    const { tokenUsage } = this.#options;
    tokenUsage.expect(promptTokens, 0);
    tokenUsage.close();
  }

  async acquire(): Promise<void> {
    const { signal, queueTimeoutMs } = this.#options;
    if (signal.aborted) throw abortReason(signal);
    const waiting = new AbortController();
    this.#waiting = waiting;
    const onAbort = () => waiting.abort(abortReason(signal));
    signal.addEventListener("abort", onAbort, { once: true });
    const timer = setTimeout(() => waiting.abort(this.#timedOut()), queueTimeoutMs);
    const startedMs = performance.now();
    try {
      await this.#takeTurn(waiting.signal);
    } finally {
      this.#waitedMs += performance.now() - startedMs;
      this.#waiting = null;
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
  }

  release(): void {
    this.#waiting?.abort(new ServiceError("aborted", "the request no longer needs a slot"));
    this.#turn?.end();
  }

  /** Called once, when the choice needs no slot any more. */
  leave(): void {
    this.release();
    const { tokenUsage, order, id, answers, owner } = this.#options;
    tokenUsage.close();
    order.leave(id);
    if (tokenUsage.isOpen) answers.observe(owner, tokenUsage.generated);
  }

  /** Resolves when the turn begins; it continues until `release()`. */
  #takeTurn(signal: AbortSignal): Promise<void> {
    const { id, owner, isFlex, tokenUsage, lane } = this.#options;
    const cost = tokenUsage.expected;
    const request = { id, owner, isFlex, cost, lane: lane.name, isReturning: this.hadTurn };
    return lane.takeTurn(request, signal, (end) => {
      tokenUsage.open();
      const freeSlot = lane.occupy(this);
      const endTurn = () => {
        freeSlot();
        this.#turn = null;
        end();
      };
      this.#turn = { startedMs: performance.now(), end: endTurn };
    });
  }

  #timedOut(): ServiceError {
    const { queueTimeoutMs, waitMs } = this.#options;
    const message = `no slot became free within ${queueTimeoutMs / 1000} s (--queue-timeout)`;
    const retryAfterSeconds = retrySeconds(waitMs(null));
    return new ServiceError("queue_timeout", message, { retryAfterSeconds });
  }
}
