// One request inside the queue, from its entry until it leaves: the tickets of its choices, and what the lists show of it.

import type { ServiceError } from "../errors.ts";
import type { LimitedCaller } from "../generation/caller.ts";
import type { RequestField } from "../generation/request-field.ts";
import type { SlotUse } from "../generation/slot-lease.ts";
import type { QueuedStatus, WaitingStatus } from "../generation/wait-status.ts";
import type { Ticket } from "./ticket.ts";

export type EnterOptions = {
  readonly signal: AbortSignal;
  /** Ends the request from the server's side. */
  readonly abort: (error: ServiceError) => void;
  readonly caller: LimitedCaller;
  /** Choices of the request: each takes its own slot, and all enter or none. */
  readonly choices: number;
  /** The request field that sets the number of choices, named in the refusal. */
  readonly field?: RequestField;
  /** Whether another queue has already admitted the request; if so, it is never refused here. Default: false. */
  readonly isAdmitted?: boolean;
  /** Whether it is a flex request: it gets a slot when no other request needs it. Default: false. */
  readonly isFlex?: boolean;
  /** The name of the slots for which it waits: those of its model. Default: the only ones. */
  readonly lane?: string;
  /** Time its client allows from now on, in ms; null or undefined for no limit. */
  readonly deadlineMs?: number | null;
  /** How the lists show the request; without it, they do not. */
  readonly listing?: RequestListing;
};

type RequestListing = {
  /** Clients can choose it, so several requests may have the same. */
  readonly requestId: string;
  readonly path: string;
  readonly record: RequestFigures;
  /** Its wait for its model; null while it does not wait for that. Default: never. */
  readonly modelWait?: () => WaitingStatus | null;
};

/** The current figures of a request. Its record has them. */
interface RequestFigures {
  readonly model: string | null;
  readonly isStreamed: boolean;
  /** The sum over all choices. */
  readonly tokens: { readonly promptTokens: number; readonly generatedTokens: number };
  /** The figures of one choice that has a slot. Missing if the request needs none of the slots of `--slots`. */
  stateOf?(choice: number): Omit<SlotUse, "heldMs">;
}

export type AdmissionOptions = EnterOptions & {
  /** One for each choice. */
  readonly tickets: readonly Ticket[];
  readonly onPlacesFree: () => void;
  readonly onLeave: () => void;
};

export class Admission {
  readonly #options: AdmissionOptions;
  readonly enteredAtMs = performance.now();
  #hasPlaces = true;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  get owner(): string {
    return this.#options.caller.owner;
  }

  /** Whether one of its choices has a slot. */
  get isRunning(): boolean {
    return this.tickets.some(({ isHeld }) => isHeld);
  }

  get lane(): string {
    return this.#options.lane ?? "";
  }

  /** Places that it takes in the queue, with or without slots: one for each choice. */
  get places(): number {
    return this.#hasPlaces ? this.tickets.length : 0;
  }

  /** One for each choice. */
  get tickets(): readonly Ticket[] {
    return this.#options.tickets;
  }

  /** @throws Error for a choice that the request does not have */
  ticketOf(choice: number): Ticket {
    const ticket = this.tickets[choice];
    if (!ticket) throw new Error(`choice ${choice} has no ticket`);
    return ticket;
  }

  /** The first choice's place in the queue; null when one of the choices is not waiting for a slot. */
  get place(): QueuedStatus | null {
    const places = this.tickets.map(({ place }) => place);
    return places.includes(null) ? null : (places[0] ?? null);
  }

  /** The longest queue time of the choices so far, in ms. */
  get waitedMs(): number {
    return Math.max(...this.tickets.map(({ waitedMs }) => waitedMs));
  }

  /** Whether one of the choices has had a slot. */
  get hadTurn(): boolean {
    return this.tickets.some(({ hadTurn }) => hadTurn);
  }

  /** As GET /v1/requests shows it; null if it is not listed. */
  get listed() {
    const { listing } = this.#options;
    if (!listing) return null;
    const { requestId, path, record, modelWait = () => null } = listing;
    const { model, isStreamed, tokens } = record;
    const wait = this.isRunning ? null : modelWait();
    const atGate = wait?.type === "queued" ? wait : null;
    const place = record.stateOf ? (this.place ?? atGate) : null;
    const ageMs = performance.now() - this.enteredAtMs;
    const isWaitingForModel = wait !== null;
    return { requestId, path, model, isStreamed, place, isWaitingForModel, ...tokens, ageMs };
  }

  abort(error: ServiceError): void {
    this.#options.abort(error);
  }

  /** Returns its slots and its places in the queue. It stays listed until `leave()`. */
  freePlaces(): void {
    if (!this.#hasPlaces) return;
    this.#hasPlaces = false;
    for (const ticket of this.tickets) ticket.leave();
    this.#options.onPlacesFree();
  }

  leave(): void {
    this.freePlaces();
    this.#options.onLeave();
  }
}
