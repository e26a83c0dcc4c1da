// Streams that outlive their connection: a disconnected client can reconnect for a while and get the missed events and the
// new ones. Kept only in memory, within a size limit shared by the owners. A stream is readable by its owner and by holders
// of its token.

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { ServiceError } from "../errors.ts";
import type { WaitingStatus } from "../generation/wait-status.ts";
import { equalShare } from "./equal-share.ts";
import { EventLog } from "./event-log.ts";

export type StreamStoreOptions = {
  /** How long a stream runs without a reader, and how long it is kept after its end. */
  readonly graceMs: number;
  readonly maxBytes: number;
};

export type StreamSource = {
  /** Other clients without the stream's token get `not_found`. */
  readonly owner: string;
  /** Wait status sent to a waiting reader. */
  readonly waitStatus: () => WaitingStatus | null;
  readonly abort: (error: ServiceError) => void;
};

export type KeptStream = {
  readonly id: string;
  /** Its holder may read and stop this stream. */
  readonly token: string;
  readonly log: EventLog;
  readonly waitStatus: () => WaitingStatus | null;
  readonly abort: (error: ServiceError) => void;
  /** Registers a reader. @returns a function to call when the reader has left */
  readonly attach: () => () => void;
  readonly end: () => void;
};

/** Proof of access to a stream. */
export type Claim = { readonly owner: string } | { readonly token: string };

type Entry = {
  readonly source: StreamSource;
  readonly stream: KeptStream;
  readers: number;
  hasEnded: boolean;
  timer: NodeJS.Timeout | null;
};

/** One stream may take the whole memory divided by this; less once the memory is full and there are more streams. */
const MIN_PARTS = 64;

/** Memory of one owner; `fixedBytes` belongs to streams that are running or being read. */
type Owner = { bytes: number; fixedBytes: number };

export class StreamStore {
  readonly #options: StreamStoreOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #counts = new Map<string, number>();
  #bytes = 0;

  constructor(options: StreamStoreOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Once the memory is full, each owner gets an equal share, and each of its streams an equal part of that. A stream with a
   * reader that keeps up needs no more and continues.
   */
  #shareBytes(owner: string): number {
    const { maxBytes } = this.#options;
    const parts = this.#counts.size * (this.#counts.get(owner) ?? 1);
    return maxBytes / (this.#bytes > maxBytes ? Math.max(MIN_PARTS, parts) : MIN_PARTS);
  }

  begin(source: StreamSource): KeptStream {
    const id = `stream_${randomBytes(12).toString("hex")}`;
    const log = new EventLog({
      isNumbered: true,
      maxBytes: () => this.#shareBytes(source.owner),
      onChange: (bytes) => this.#updateBytes(bytes),
    });
    const stream: KeptStream = {
      id,
      token: randomBytes(24).toString("base64url"),
      log,
      waitStatus: () => (entry.hasEnded ? null : source.waitStatus()),
      abort: source.abort,
      attach: () => this.#attach(entry),
      end: () => this.#end(entry),
    };
    const entry: Entry = { source, stream, readers: 0, hasEnded: false, timer: null };
    this.#entries.set(id, entry);
    this.#counts.set(source.owner, (this.#counts.get(source.owner) ?? 0) + 1);
    return stream;
  }

  /** @throws ServiceError `not_found` */
  get(id: string, claim: Claim): KeptStream {
    const entry = this.#entries.get(id);
    if (entry && isEntitled(entry, claim)) return entry.stream;
    const message = `no such stream; streams are kept for ${this.#options.graceMs / 1000} s without a reader (--resume-grace) and are lost on restart`;
    throw new ServiceError("not_found", message);
  }

  /** Stops a running stream and forgets an ended one. */
  stop(stream: KeptStream): void {
    const entry = this.#entries.get(stream.id);
    const stopped = new ServiceError("cancelled", "the stream was stopped by another request");
    if (entry?.hasEnded) this.#remove(entry);
    else stream.abort(stopped);
  }

  close(): void {
    for (const entry of this.#entries.values()) this.#remove(entry);
  }

  #attach(entry: Entry): () => void {
    entry.readers += 1;
    this.#updateTimer(entry);
    let isAttached = true;
    return () => {
      if (!isAttached) return;
      isAttached = false;
      entry.readers -= 1;
      this.#updateTimer(entry);
    };
  }

  #end(entry: Entry): void {
    entry.hasEnded = true;
    entry.stream.log.end();
    this.#updateTimer(entry);
    this.#makeRoom();
  }

  /** Starts the grace period while there is no reader. */
  #updateTimer(entry: Entry): void {
    if (entry.timer) clearTimeout(entry.timer);
    entry.timer = null;
    if (entry.readers > 0) return;
    entry.timer = setTimeout(() => this.#expire(entry), this.#options.graceMs);
    entry.timer.unref();
  }

  #expire(entry: Entry): void {
    if (entry.hasEnded) return this.#remove(entry);
    const seconds = this.#options.graceMs / 1000;
    const message = `the client disconnected and did not reconnect within ${seconds} s (--resume-grace)`;
    entry.source.abort(new ServiceError("aborted", message));
  }

  #updateBytes(bytes: number): void {
    this.#bytes += bytes;
    if (bytes > 0) this.#makeRoom();
  }

  /**
   * Owners above an equal share lose their own oldest ended streams without readers. Running streams have individual limits.
   */
  #makeRoom(): void {
    const { maxBytes } = this.#options;
    if (this.#bytes <= maxBytes) return;
    const owners = this.#owners();
    const share = equalShare([...owners.values()], maxBytes);
    for (const entry of this.#entries.values()) {
      const owner = owners.get(entry.source.owner);
      if (!owner || owner.bytes <= share || isNeeded(entry)) continue;
      owner.bytes -= entry.stream.log.bytes;
      this.#remove(entry);
    }
  }

  #owners(): Map<string, Owner> {
    const owners = new Map<string, Owner>();
    for (const entry of this.#entries.values()) {
      const owner = owners.get(entry.source.owner) ?? { bytes: 0, fixedBytes: 0 };
      const { bytes } = entry.stream.log;
      owner.bytes += bytes;
      if (isNeeded(entry)) owner.fixedBytes += bytes;
      owners.set(entry.source.owner, owner);
    }
    return owners;
  }

  #remove(entry: Entry): void {
    if (entry.timer) clearTimeout(entry.timer);
    const { owner } = entry.source;
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

function isEntitled({ source, stream }: Entry, claim: Claim): boolean {
  if ("owner" in claim) return claim.owner === source.owner;
  return timingSafeEqual(digest(claim.token), digest(stream.token));
}

/** Hashes to a fixed length, which `timingSafeEqual` requires. */
function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
