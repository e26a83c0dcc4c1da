// Responses kept so that clients can read them later, continue from them, and follow or stop running ones. Kept only in
// memory, for a limited time, within a size limit shared by the owners. Only its owner can access a response.

import { ServiceError } from "../errors.ts";
import { type Deferred, deferred } from "../generation/deferred.ts";
import type { WaitingStatus } from "../generation/wait-status.ts";
import {
  bytesUpTo,
  type ConversationTurn,
  createTurn,
  inputItemsOf,
  releaseTurn,
  weightOf,
} from "./conversation.ts";
import { EventLog, type LoggedEvent } from "./event-log.ts";
import { OwnerBytes } from "./owner-bytes.ts";

export type ResponseStoreOptions = {
  /** Memory limit for all responses; 0 keeps none. */
  readonly maxBytes: number;
  /** How long a response is kept after its end. */
  readonly ttlMs: number;
};

/** The origin of a new response. */
export type ResponseSource = {
  readonly id: string;
  /** Other owners get `not_found`. */
  readonly owner: string;
  /** The response it continues from; null for none. */
  readonly previousId: string | null;
  /** Input of this request, without earlier turns. */
  readonly input: readonly object[];
  /** The response in its current state. */
  readonly state: () => object;
  /** Wait status sent to a waiting reader. */
  readonly waitStatus: () => WaitingStatus | null;
  readonly abort: (error: ServiceError) => void;
};

export type EndedResponse = {
  /** The final response. */
  readonly state: object;
  /** The answer, as input of the next turn. */
  readonly output: readonly object[];
  /** Why no request can continue from this response; null if one can. */
  readonly closed: string | null;
  /** Rebuilds the events of a response whose log has none. */
  readonly replay: () => readonly LoggedEvent[];
};

export type KeptResponse = Pick<ResponseSource, "id" | "state" | "waitStatus" | "abort"> & {
  readonly log: EventLog;
  readonly isRunning: boolean;
  /** Resolves when the response has ended. */
  readonly hasEnded: Promise<void>;
  /** All conversation items up to its answer. */
  readonly input: () => readonly object[];
  /** Call once: starts the time to live. */
  readonly end: (ended: EndedResponse) => void;
};

type Entry = {
  readonly source: ResponseSource;
  readonly turn: ConversationTurn;
  readonly log: EventLog;
  readonly hasEnded: Deferred<void>;
  /** Memory that cannot be dropped while it runs, including earlier turns. */
  readonly fixedBytes: number;
  ended: (EndedResponse & { readonly expiresAtMs: number; readonly bytes: number }) | null;
};

/** Memory of an entry in addition to its texts. */
const ENTRY_BYTES = 1_024;
/** Share of the memory to keep when making room. Freeing one byte at a time would search the store at every event. */
const KEPT_SHARE = 0.9;

export class ResponseStore {
  readonly #options: ResponseStoreOptions;
  readonly #running = new Map<string, Entry>();
  readonly #ended = new Map<string, Entry>();
  readonly #bytes = new OwnerBytes();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: ResponseStoreOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#options.maxBytes > 0;
  }

  /** Memory of all responses. */
  get bytes(): number {
    return this.#bytes.all.bytes;
  }

  get size(): number {
    return this.#running.size + this.#ended.size;
  }

  /**
   * @returns null if running responses leave no room: an owner may use as much memory as it leaves free for others
   * @throws ServiceError like `conversation()`, if the previous response has been removed in the meantime
   */
  begin(source: ResponseSource): KeptResponse | null {
    const { id, owner, previousId, input } = source;
    const before = previousId === null ? null : this.#findFinished(previousId, owner).turn;
    const fixedBytes = ENTRY_BYTES + weightOf(input) + bytesUpTo(before);
    const free = this.#options.maxBytes - this.#bytes.all.fixedBytes - fixedBytes;
    if (this.#bytes.of(owner).fixedBytes + fixedBytes > free) return null;
    const entry: Entry = {
      source,
      turn: createTurn(before, input),
      log: new EventLog({ onChange: (bytes) => this.#logChanged(entry, bytes) }),
      hasEnded: deferred(),
      fixedBytes,
      ended: null,
    };
    this.#running.set(id, entry);
    this.#bytes.add(owner, { bytes: ENTRY_BYTES + entry.turn.bytes, fixedBytes });
    this.#makeRoom();
    return this.#viewOf(entry);
  }

  /** @throws ServiceError `not_found` */
  get(id: string, owner: string): KeptResponse {
    return this.#viewOf(this.#getEntry(id, owner));
  }

  /**
   * All conversation items up to the end of a response.
   * @throws ServiceError 400 if the response does not exist, is still running, or failed
   */
  conversation(id: string, owner: string): readonly object[] {
    const { turn } = this.#findFinished(id, owner);
    return [...inputItemsOf(turn), ...turn.output];
  }

  /** Deletes a response, stopping it if it is running. @throws ServiceError `not_found` */
  delete(id: string, owner: string): void {
    const entry = this.#getEntry(id, owner);
    const isRunning = entry.ended === null;
    const deleted = new ServiceError("cancelled", "the response was deleted");
    entry.log.drop(deleted);
    this.#remove(entry);
    if (isRunning) entry.source.abort(deleted);
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer);
    for (const entry of [...this.#running.values(), ...this.#ended.values()]) this.#remove(entry);
  }

  #getEntry(id: string, owner: string): Entry {
    const entry = this.#findEntry(id, owner);
    if (entry) return entry;
    throw new ServiceError("not_found", this.#describeMissing(id));
  }

  #findEntry(id: string, owner: string): Entry | null {
    const entry = this.#running.get(id) ?? this.#ended.get(id);
    return entry && entry.source.owner === owner ? entry : null;
  }

  #describeMissing(id: string): string {
    const seconds = this.#options.ttlMs / 1000;
    const why = this.isOpen
      ? `responses are kept for ${seconds} s (--response-ttl) and are lost on restart`
      : "this server keeps no responses (--response-store 0)";
    return `there is no response ${JSON.stringify(id.slice(0, 100))}: ${why}`;
  }

  #findFinished(id: string, owner: string): Entry {
    const param = "previous_response_id";
    const entry = this.#findEntry(id, owner);
    if (!entry)
      throw new ServiceError("previous_response_not_found", this.#describeMissing(id), { param });
    const closed = entry.ended ? entry.ended.closed : "it is still running";
    if (closed === null) return entry;
    throw new ServiceError("invalid_value", `cannot continue from ${id}: ${closed}`, { param });
  }

  #viewOf(entry: Entry): KeptResponse {
    const { source, turn, log } = entry;
    return {
      id: source.id,
      get log() {
        return logOf(entry);
      },
      get isRunning() {
        return entry.ended === null;
      },
      hasEnded: entry.hasEnded.promise,
      state: () => entry.ended?.state ?? source.state(),
      waitStatus: () => (entry.ended ? null : source.waitStatus()),
      input: () => inputItemsOf(turn),
      abort: source.abort,
      end: (ended) => {
        log.end();
        if (this.#running.delete(source.id)) this.#keep(entry, ended);
        entry.hasEnded.resolve();
      },
    };
  }

  #keep(entry: Entry, ended: EndedResponse): void {
    const outputBytes = weightOf(ended.output);
    entry.turn.output = ended.output;
    entry.turn.bytes += outputBytes;
    const copies = entry.log.isEmpty ? 2 : 1; // rebuilt events are made of the same texts
    const bytes = copies * weightOf(ended.state) - outputBytes; // the state contains the output
    entry.ended = { ...ended, bytes, expiresAtMs: Date.now() + this.#options.ttlMs };
    this.#ended.set(entry.source.id, entry);
    const added = { bytes: outputBytes + bytes, fixedBytes: -entry.fixedBytes };
    this.#bytes.add(entry.source.owner, added);
    this.#makeRoom(entry);
    this.#awaitExpiry();
  }

  #logChanged(entry: Entry, bytes: number): void {
    this.#bytes.add(entry.source.owner, { bytes, fixedBytes: 0 });
    if (bytes > 0) this.#makeRoom();
  }

  /**
   * Owners above an equal share lose their own oldest data: first the events of ended responses, which take most memory, then
   * the responses. Running responses only lose their events.
   * @param spared the response that has just ended: its client is about to learn its id
   */
  #makeRoom(spared: Entry | null = null): void {
    const { maxBytes } = this.#options;
    if (this.bytes <= maxBytes) return;
    const share = this.#bytes.share(maxBytes * KEPT_SHARE);
    const isAbove = ({ source: { owner } }: Entry) => this.#bytes.of(owner).bytes > share;
    for (const entry of this.#ended.values())
      if (isAbove(entry) && entry.log.bytes > 0) entry.log.drop();
    for (const entry of this.#ended.values())
      if (isAbove(entry) && entry !== spared) this.#remove(entry);
    if (this.bytes <= maxBytes) return;
    for (const entry of this.#running.values()) if (isAbove(entry)) entry.log.drop();
  }

  #remove(entry: Entry): void {
    const { id, owner } = entry.source;
    if (!this.#running.delete(id) && !this.#ended.delete(id)) return;
    entry.log.drop();
    const bytes = ENTRY_BYTES + (entry.ended?.bytes ?? 0) + releaseTurn(entry.turn);
    this.#bytes.add(owner, { bytes: -bytes, fixedBytes: entry.ended ? 0 : -entry.fixedBytes });
  }

  /** One timer for all responses: they expire in order of their end. */
  #awaitExpiry(): void {
    const [first] = this.#ended.values();
    if (this.#timer || !first?.ended) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.#expire();
      },
      Math.max(0, first.ended.expiresAtMs - Date.now()),
    );
    this.#timer.unref();
  }

  #expire(): void {
    const now = Date.now();
    for (const entry of this.#ended.values()) {
      if (entry.ended && entry.ended.expiresAtMs > now) break;
      this.#remove(entry);
    }
    this.#awaitExpiry();
  }
}

/** Returns the log of the response, rebuilt if its events were not logged. */
function logOf({ log, ended }: Entry): EventLog {
  if (!ended || !log.isEmpty) return log;
  const replayed = new EventLog();
  replayed.append(ended.replay());
  replayed.end();
  return replayed;
}
