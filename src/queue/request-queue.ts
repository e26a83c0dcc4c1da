// Who may generate, and when: p-queue with the slots as its concurrency, and a limit on waiting.

import PQueue from "p-queue";
import type { ServiceError } from "../errors.ts";
import { refusal } from "./admission.ts";
import { ServiceRate } from "./service-rate.ts";
import { Ticket } from "./ticket.ts";
import { type LineOptions, WaitingLine } from "./waiting-line.ts";

export type RequestQueueOptions = {
  readonly slots: number;
  /** For the refusal, where a slot is not one of `--slots`: what is busy. */
  readonly busyWith?: string;
  /** Requests that may wait. */
  readonly maxWaiting: number;
  /** A request that has waited so long for a slot is refused. */
  readonly queueTimeoutMs: number;
};

export type EnterOptions = {
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Ends the request from here: the server drains. */
  readonly abort: (error: ServiceError) => void;
  /** Whether nobody waits for it: it gets a slot when no other request wants it. */
  readonly isFlex?: boolean;
  /** What its client gives it from now on, in ms; null or undefined for no limit of its own. */
  readonly deadlineMs?: number | null;
  /** Name of the request's field that makes its choices so many, for the refusal. */
  readonly field?: string;
};

export class RequestQueue {
  readonly #options: RequestQueueOptions;
  readonly #line = new WaitingLine();
  readonly #turns: PQueue<WaitingLine, LineOptions>;
  readonly #rate = new ServiceRate();
  readonly #tickets = new Set<Ticket>();
  /** Those on a slot. */
  readonly #running = new Set<Ticket>();
  #isDraining = false;
  #onEmpty: (() => void) | null = null;
  #nextId = 0;

  constructor(options: RequestQueueOptions) {
    this.#options = options;
    const line = this.#line;
    this.#turns = new PQueue<WaitingLine, LineOptions>({
      concurrency: options.slots,
      queueClass: class {
        constructor() {
          // biome-ignore lint/correctness/noConstructorReturn: p-queue makes its own queue; positions need ours
          return line;
        }
      } as unknown as new () => WaitingLine,
    });
  }

  /** Requests that wait for a slot. */
  get waiting(): number {
    return this.#line.size;
  }

  /** Slots in use. */
  get busy(): number {
    return this.#turns.pending;
  }

  /** Requests inside in whatever phase. */
  get inside(): number {
    return this.#tickets.size;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** @throws ServiceError `queue_full` or `draining`, with advice when to try again */
  enter(options: EnterOptions): Ticket {
    this.#admit(1, options);
    return this.#enterOne(options);
  }

  /** As `enter()`, for all the choices of a request: all of them enter, or none. */
  enterAll(choices: number, options: EnterOptions): readonly Ticket[] {
    this.#admit(choices, options);
    return Array.from({ length: choices }, () => this.#enterOne(options));
  }

  #admit(entering: number, { field, isFlex = false, deadlineMs }: EnterOptions): void {
    const { slots, busyWith, maxWaiting, queueTimeoutMs } = this.#options;
    const refused = refusal({
      entering,
      field,
      inside: this.#tickets.size,
      slots,
      busyWith,
      maxWaiting,
      isFlex,
      isDraining: this.#isDraining,
      deadlineMs: deadlineMs ?? null,
      queueTimeoutMs,
      waitMs: (position) => this.#waitMs(position),
    });
    if (refused) throw refused;
  }

  #enterOne(options: EnterOptions): Ticket {
    const { queueTimeoutMs } = this.#options;
    this.#nextId += 1;
    const ticket = new Ticket({
      isFlex: false,
      ...options,
      id: `${this.#nextId}`,
      queueTimeoutMs,
      turns: this.#turns,
      line: this.#line,
      waitMs: (position) => this.#waitMs(position),
      onTurn: (running) => this.#running.add(running),
      onTurnEnd: (ended, heldMs) => {
        this.#running.delete(ended);
        this.#rate.observe(heldMs);
      },
      onLeave: (left) => this.#left(left),
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

  #waitMs(position: number): number | null {
    let sumMs = 0;
    for (const { heldMs } of this.#running) sumMs += heldMs;
    return this.#rate.waitMs(
      position,
      this.#options.slots,
      sumMs / Math.max(1, this.#running.size),
    );
  }

  #left(ticket: Ticket): void {
    this.#tickets.delete(ticket);
    if (this.#tickets.size === 0) this.#onEmpty?.();
  }
}
