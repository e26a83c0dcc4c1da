// Responses that are kept for those who come back: to read them, to go on from them, to follow or stop one that still runs.
// In memory alone, for a limited time, within a limited size that its owners share; each is there for its owner only.

import { ServiceError } from "../errors.ts";
import { type Deferred, deferred } from "../generation/deferred.ts";
import { bytesUpTo, inputOf, letGo, type Turn, turnAfter, weightOf } from "./conversation.ts";
import { EventLog, type LoggedEvent } from "./event-log.ts";
import { OwnerBytes } from "./owner-bytes.ts";

export type StoreOptions = {
  /** What all of them may take together; 0 keeps nothing. */
  readonly maxBytes: number;
  /** How long one is kept after it has ended. */
  readonly ttlMs: number;
};

/** What a response is when it begins. */
export type Beginning = {
  readonly id: string;
  /** Whoever else asks for it is told that it does not exist. */
  readonly owner: string;
  /** The response that it goes on from; null for none. */
  readonly previousId: string | null;
  /** What is asked, without what was said before. */
  readonly input: readonly object[];
  /** The response as it stands. */
  readonly state: () => object;
  /** What a reader who waits for it is told. */
  readonly news: () => string | null;
  readonly abort: (error: ServiceError) => void;
};

export type Ended = {
  /** The response as it will stay. */
  readonly state: object;
  /** What was answered, as input of the next turn. */
  readonly output: readonly object[];
  /** Why nobody can go on from it; null when somebody can. */
  readonly closed: string | null;
  /** Its events, for one that has none in its log. */
  readonly replay: () => readonly LoggedEvent[];
};

/** One of them. */
export type KeptResponse = {
  readonly id: string;
  readonly log: EventLog;
  readonly state: () => object;
  readonly isRunning: boolean;
  /** Resolves when it has ended. */
  readonly hasEnded: Promise<void>;
  readonly news: () => string | null;
  /** Everything that was said before it was answered. */
  readonly input: () => readonly object[];
  readonly abort: (error: ServiceError) => void;
  /** Once. From then on its time runs. */
  readonly end: (ended: Ended) => void;
};

type Entry = {
  readonly beginning: Beginning;
  readonly turn: Turn;
  readonly log: EventLog;
  readonly hasEnded: Deferred<void>;
  /** What it keeps as long as it runs, with the turns before it. */
  readonly fixedBytes: number;
  ended: (Ended & { readonly expiresAtMs: number; readonly bytes: number }) | null;
};

/** What an entry takes beside its texts. */
const ENTRY_BYTES = 1_024;
/** When it is full, so much is left over: one byte at a time would be a search for every event. */
const ROOM_MADE = 0.9;

export class ResponseStore {
  readonly #options: StoreOptions;
  readonly #running = new Map<string, Entry>();
  /** In the order in which they ended, which is the order in which they go. */
  readonly #ended = new Map<string, Entry>();
  readonly #bytes = new OwnerBytes();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  /** Whether it keeps anything at all. */
  get isOpen(): boolean {
    return this.#options.maxBytes > 0;
  }

  /** What it keeps in memory. */
  get bytes(): number {
    return this.#bytes.all.bytes;
  }

  get size(): number {
    return this.#running.size + this.#ended.size;
  }

  /**
   * @returns null when there is no room for it beside those that run: an owner may have as much as it leaves free
   * @throws ServiceError as `conversation()` does, where the one before it has gone in the meantime
   */
  begin(beginning: Beginning): KeptResponse | null {
    const { id, owner, previousId, input } = beginning;
    const before = previousId === null ? null : this.#finished(previousId, owner).turn;
    const fixedBytes = ENTRY_BYTES + weightOf(input) + bytesUpTo(before);
    const free = this.#options.maxBytes - this.#bytes.all.fixedBytes - fixedBytes;
    if (this.#bytes.of(owner).fixedBytes + fixedBytes > free) return null;
    const entry: Entry = {
      beginning,
      turn: turnAfter(before, input),
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
    return this.#viewOf(this.#find(id, owner));
  }

  /**
   * Everything that was said up to the end of a response.
   * @throws ServiceError 400: there is none, it still runs, or it failed
   */
  conversation(id: string, owner: string): readonly object[] {
    const { turn } = this.#finished(id, owner);
    return [...inputOf(turn), ...turn.output];
  }

  /** One that still runs is stopped. @throws ServiceError `not_found` */
  delete(id: string, owner: string): void {
    const entry = this.#find(id, owner);
    const isRunning = entry.ended === null;
    const deleted = new ServiceError("cancelled", "the response was deleted");
    entry.log.drop(deleted);
    this.#remove(entry);
    if (isRunning) entry.beginning.abort(deleted);
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer);
    for (const entry of [...this.#running.values(), ...this.#ended.values()]) this.#remove(entry);
  }

  #find(id: string, owner: string): Entry {
    const entry = this.#lookUp(id, owner);
    if (entry) return entry;
    throw new ServiceError("not_found", this.#absence(id));
  }

  #lookUp(id: string, owner: string): Entry | null {
    const entry = this.#running.get(id) ?? this.#ended.get(id);
    return entry && entry.beginning.owner === owner ? entry : null;
  }

  #absence(id: string): string {
    const seconds = this.#options.ttlMs / 1000;
    const why = this.isOpen
      ? `they are kept for ${seconds} s (--response-ttl), and not over a restart`
      : "this server keeps none (--response-store 0)";
    return `there is no response ${JSON.stringify(id.slice(0, 100))} here: ${why}`;
  }

  #finished(id: string, owner: string): Entry {
    const param = "previous_response_id";
    const entry = this.#lookUp(id, owner);
    if (!entry) throw new ServiceError("previous_response_not_found", this.#absence(id), { param });
    const closed = entry.ended ? entry.ended.closed : "it is still being written";
    if (closed === null) return entry;
    throw new ServiceError("invalid_value", `nobody can go on from ${id}: ${closed}`, { param });
  }

  #viewOf(entry: Entry): KeptResponse {
    const { beginning, turn, log } = entry;
    return {
      id: beginning.id,
      get log() {
        return logOf(entry);
      },
      get isRunning() {
        return entry.ended === null;
      },
      hasEnded: entry.hasEnded.promise,
      state: () => entry.ended?.state ?? beginning.state(),
      news: () => (entry.ended ? null : beginning.news()),
      input: () => inputOf(turn),
      abort: beginning.abort,
      end: (ended) => {
        log.end();
        if (this.#running.delete(beginning.id)) this.#keep(entry, ended);
        entry.hasEnded.resolve();
      },
    };
  }

  #keep(entry: Entry, ended: Ended): void {
    const outputBytes = weightOf(ended.output);
    entry.turn.output = ended.output;
    entry.turn.bytes += outputBytes;
    const copies = entry.log.isEmpty ? 2 : 1; // events that are made anew are made of its texts
    const bytes = copies * weightOf(ended.state) - outputBytes; // it has its output in it
    entry.ended = { ...ended, bytes, expiresAtMs: Date.now() + this.#options.ttlMs };
    this.#ended.set(entry.beginning.id, entry);
    const added = { bytes: outputBytes + bytes, fixedBytes: -entry.fixedBytes };
    this.#bytes.add(entry.beginning.owner, added);
    this.#makeRoom(entry);
    this.#awaitExpiry();
  }

  #logChanged(entry: Entry, bytes: number): void {
    this.#bytes.add(entry.beginning.owner, { bytes, fixedBytes: 0 });
    if (bytes > 0) this.#makeRoom();
  }

  /**
   * Owners with more than an equal share lose their own oldest: the events first, which are the most of it, and then the
   * responses; those that run lose no more than their events.
   * @param spared has just been kept: its client is about to learn its id
   */
  #makeRoom(spared: Entry | null = null): void {
    const { maxBytes } = this.#options;
    if (this.bytes <= maxBytes) return;
    const share = this.#bytes.share(maxBytes * ROOM_MADE);
    const isAbove = ({ beginning: { owner } }: Entry) => this.#bytes.of(owner).bytes > share;
    for (const entry of this.#ended.values())
      if (isAbove(entry) && entry.log.bytes > 0) entry.log.drop();
    for (const entry of this.#ended.values())
      if (isAbove(entry) && entry !== spared) this.#remove(entry);
    if (this.bytes <= maxBytes) return;
    for (const entry of this.#running.values()) if (isAbove(entry)) entry.log.drop();
  }

  #remove(entry: Entry): void {
    const { id, owner } = entry.beginning;
    if (!this.#running.delete(id) && !this.#ended.delete(id)) return;
    entry.log.drop();
    const bytes = ENTRY_BYTES + (entry.ended?.bytes ?? 0) + letGo(entry.turn);
    this.#bytes.add(owner, { bytes: -bytes, fixedBytes: entry.ended ? 0 : -entry.fixedBytes });
  }

  /** One timer for all: whoever ended first goes first. */
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

/** What was not written to a log is read from one made now. */
function logOf({ log, ended }: Entry): EventLog {
  if (!ended || !log.isEmpty) return log;
  const replayed = new EventLog();
  replayed.append(ended.replay());
  replayed.end();
  return replayed;
}
