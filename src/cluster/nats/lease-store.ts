// Where the lease of the active gateway is: one entry of a JetStream bucket, which the server deletes when it gets old.

import { JetStreamApiCodes, JetStreamApiError, jetstream, StorageType } from "@nats-io/jetstream";
import { type KV, Kvm } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";

/** Null as the holder: the gateway has given it back. */
export type LeaseEntry = { readonly holder: string | null; readonly term: number };

export interface LeaseStore {
  /** Null if nobody has the lease. @throws an error if the store does not answer */
  read(): Promise<(LeaseEntry & { readonly revision: number }) | null>;
  /**
   * Writes the entry if the last one has this revision, 0 for none.
   *
   * @returns the revision of the new entry; null if the last one has another revision
   * @throws an error if the store does not answer: then the entry may be written, or not
   */
  write(entry: LeaseEntry, revision: number): Promise<number | null>;
}

const KEY = "lease";
const TIMEOUT_MS = 1_000;
/** With several NATS servers, the lease outlives one of them. */
const REPLICAS = 3;

/** Makes the bucket when it is first used, and again when it is lost: it is in the server's memory. */
export class JetStreamLeaseStore implements LeaseStore {
  readonly #nats: NatsConnection;
  readonly #bucket: string;
  readonly #ttlMs: number;
  #kv: KV | null = null;

  /** @param ttlMs time after which the server deletes an entry */
  constructor(
    nats: NatsConnection,
    { bucket, ttlMs }: { readonly bucket: string; readonly ttlMs: number },
  ) {
    this.#nats = nats;
    this.#bucket = bucket;
    this.#ttlMs = ttlMs;
  }

  async read(): Promise<(LeaseEntry & { readonly revision: number }) | null> {
    const entry = await this.#use((kv) => kv.get(KEY));
    if (entry?.operation !== "PUT") return null;
    return { ...entry.json<LeaseEntry>(), revision: entry.revision };
  }

  async write({ holder, term }: LeaseEntry, revision: number): Promise<number | null> {
    const text = JSON.stringify({ holder, term });
    try {
      return await this.#use((kv) =>
        kv.put(KEY, text, { previousSeq: revision, timeout: TIMEOUT_MS }),
      );
    } catch (error) {
      if (isWrongRevision(error)) return null;
      throw error;
    }
  }

  /** A restarted server has lost the bucket. Then the action is tried once more with a new one. */
  async #use<T>(action: (kv: KV) => Promise<T>): Promise<T> {
    const known = this.#kv;
    try {
      this.#kv ??= await this.#open();
      return await action(this.#kv);
    } catch (error) {
      if (!isWrongRevision(error)) this.#kv = null;
      if (known !== null && isBucketLost(error)) return this.#use(action);
      throw error;
    }
  }

  async #open(): Promise<KV> {
    const kvm = new Kvm(jetstream(this.#nats, { timeout: TIMEOUT_MS }));
    const create = (replicas: number) =>
      kvm.create(this.#bucket, {
        ttl: this.#ttlMs,
        storage: StorageType.Memory,
        history: 1,
        replicas,
        allow_direct: false, // the leader answers: a replica may be behind
      });
    const kv = await this.#openWith(create);
    const { ttl } = await kv.status();
    if (ttl === this.#ttlMs) return kv;
    throw new Error(
      `the bucket ${this.#bucket} deletes entries after ${ttl} ms instead of ${this.#ttlMs} ms; delete it: nats kv del ${this.#bucket}`,
    );
  }

  /** A cluster of fewer than three servers cannot hold so many replicas. */
  async #openWith(create: (replicas: number) => Promise<KV>): Promise<KV> {
    if (this.#nats.info?.cluster === undefined) return create(1);
    try {
      return await create(REPLICAS);
    } catch (error) {
      if (error instanceof JetStreamApiError) return create(1);
      throw error;
    }
  }
}

function isWrongRevision(error: unknown): boolean {
  const codes: number[] = [
    JetStreamApiCodes.StreamWrongLastSequence,
    JetStreamApiCodes.StreamWrongLastSequenceUnknown,
  ];
  return error instanceof JetStreamApiError && codes.includes(error.code);
}

/** Without its bucket, nobody answers to an entry, as if there were no JetStream. */
function isBucketLost(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.code === JetStreamApiCodes.StreamNotFound;
  return (error as Error).name === "JetStreamNotEnabled";
}
