// Streams that survive their connection: a client that was lost has a while to come back, for what it missed and what
// comes. In memory alone, within a limited size that its owners share; each is there for its owner, or for whoever has its
// token.

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { ServiceError } from "../errors.ts";
import { equalShare } from "./equal-share.ts";
import { EventLog } from "./event-log.ts";

export type StreamOptions = {
  /** A stream without a reader goes on for so long; and so long after its end it is still there. */
  readonly graceMs: number;
  /** What all of them may take together. */
  readonly maxBytes: number;
};

export type StreamBeginning = {
  /** Whoever else asks for it, without its token, is told that it does not exist. */
  readonly owner: string;
  /** What a reader who waits for it is told. */
  readonly news: () => string | null;
  /** Stops what writes it. */
  readonly abort: (error: ServiceError) => void;
};

export type KeptStream = {
  readonly id: string;
  /** Whoever has it may read this stream, and stop it. */
  readonly token: string;
  readonly log: EventLog;
  readonly news: () => string | null;
  readonly abort: (error: ServiceError) => void;
  /** A reader is there. @returns to be called when it has gone */
  readonly attach: () => () => void;
  /** The last event has been written. */
  readonly end: () => void;
};

/** Who asks. */
export type Claim = { readonly owner: string } | { readonly token: string };

type Entry = {
  readonly beginning: StreamBeginning;
  readonly stream: KeptStream;
  readers: number;
  hasEnded: boolean;
  timer: NodeJS.Timeout | null;
};

/** One stream may take so much of all that there is, divided by this; and less when all is taken by more of them. */
const SHARES = 64;

/** What one owner keeps; `fixedBytes` are those of streams that run, or are read. */
type Owner = { bytes: number; fixedBytes: number };

export class StreamStore {
  readonly #options: StreamOptions;
  readonly #entries = new Map<string, Entry>();
  /** How many each owner has. */
  readonly #counts = new Map<string, number>();
  #bytes = 0;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  /** What it keeps in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Once all is taken, each owner has an equal share, and each of its streams an equal part of that: a stream whose reader
   * keeps up needs no more, and goes on.
   */
  #shareBytes(owner: string): number {
    const { maxBytes } = this.#options;
    const parts = this.#counts.size * (this.#counts.get(owner) ?? 1);
    return maxBytes / (this.#bytes > maxBytes ? Math.max(SHARES, parts) : SHARES);
  }

  begin(beginning: StreamBeginning): KeptStream {
    const id = `stream_${randomBytes(12).toString("hex")}`;
    const log = new EventLog({
      isNumbered: true,
      maxBytes: () => this.#shareBytes(beginning.owner),
      onChange: (bytes) => this.#changed(bytes),
    });
    const stream: KeptStream = {
      id,
      token: randomBytes(24).toString("base64url"),
      log,
      news: () => (entry.hasEnded ? null : beginning.news()),
      abort: beginning.abort,
      attach: () => this.#attach(entry),
      end: () => this.#end(entry),
    };
    const entry: Entry = { beginning, stream, readers: 0, hasEnded: false, timer: null };
    this.#entries.set(id, entry);
    this.#counts.set(beginning.owner, (this.#counts.get(beginning.owner) ?? 0) + 1);
    return stream;
  }

  /** @throws ServiceError `not_found` */
  get(id: string, claim: Claim): KeptStream {
    const entry = this.#entries.get(id);
    if (entry && isEntitled(entry, claim)) return entry.stream;
    throw new ServiceError(
      "not_found",
      `there is no such stream here: they are kept for ${this.#options.graceMs / 1000} s without a reader (--resume-grace), and not over a restart`,
    );
  }

  /** One that has ended is forgotten. */
  stop(stream: KeptStream): void {
    const entry = this.#entries.get(stream.id);
    const stopped = new ServiceError("cancelled", "the stream was stopped from outside");
    if (entry?.hasEnded) this.#remove(entry);
    else stream.abort(stopped);
  }

  close(): void {
    for (const entry of this.#entries.values()) this.#remove(entry);
  }

  #attach(entry: Entry): () => void {
    entry.readers += 1;
    this.#settle(entry);
    let isThere = true;
    return () => {
      if (!isThere) return;
      isThere = false;
      entry.readers -= 1;
      this.#settle(entry);
    };
  }

  #end(entry: Entry): void {
    entry.hasEnded = true;
    entry.stream.log.end();
    this.#settle(entry);
    this.#makeRoom();
  }

  /** Without a reader its time runs. */
  #settle(entry: Entry): void {
    if (entry.timer) clearTimeout(entry.timer);
    entry.timer = null;
    if (entry.readers > 0) return;
    entry.timer = setTimeout(() => this.#expire(entry), this.#options.graceMs);
    entry.timer.unref();
  }

  #expire(entry: Entry): void {
    if (entry.hasEnded) return this.#remove(entry);
    const seconds = this.#options.graceMs / 1000;
    const message = `the client has left, and did not come back within ${seconds} s (--resume-grace)`;
    entry.beginning.abort(new ServiceError("aborted", message));
  }

  #changed(bytes: number): void {
    this.#bytes += bytes;
    if (bytes > 0) this.#makeRoom();
  }

  /**
   * Owners with more than an equal share lose their own oldest streams, of those that have ended and that nobody reads. Those
   * that run are limited each.
   */
  #makeRoom(): void {
    const { maxBytes } = this.#options;
    if (this.#bytes <= maxBytes) return;
    const owners = this.#owners();
    const share = equalShare([...owners.values()], maxBytes);
    for (const entry of this.#entries.values()) {
      const owner = owners.get(entry.beginning.owner);
      if (!owner || owner.bytes <= share || isNeeded(entry)) continue;
      owner.bytes -= entry.stream.log.bytes;
      this.#remove(entry);
    }
  }

  #owners(): Map<string, Owner> {
    const owners = new Map<string, Owner>();
    for (const entry of this.#entries.values()) {
      const owner = owners.get(entry.beginning.owner) ?? { bytes: 0, fixedBytes: 0 };
      const { bytes } = entry.stream.log;
      owner.bytes += bytes;
      if (isNeeded(entry)) owner.fixedBytes += bytes;
      owners.set(entry.beginning.owner, owner);
    }
    return owners;
  }

  #remove(entry: Entry): void {
    if (entry.timer) clearTimeout(entry.timer);
    const { owner } = entry.beginning;
    if (this.#entries.delete(entry.stream.id)) {
      const count = (this.#counts.get(owner) ?? 1) - 1;
      if (count > 0) this.#counts.set(owner, count);
      else this.#counts.delete(owner);
    }
    entry.stream.log.drop();
  }
}

function isNeeded({ hasEnded, readers }: Entry): boolean {
  return !hasEnded || readers > 0;
}

function isEntitled({ beginning, stream }: Entry, claim: Claim): boolean {
  if ("owner" in claim) return claim.owner === beginning.owner;
  return timingSafeEqual(digest(claim.token), digest(stream.token));
}

/** Of one length, whatever was given. */
function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
