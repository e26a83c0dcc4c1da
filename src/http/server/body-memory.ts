// Limits the memory of all request bodies together, from their first byte to the end of their request. No owner may hold
// more than is left free: one owner alone gets half of the memory, two get a third each, and so on.

import { ServiceError } from "../../errors.ts";

/** A body arrives within seconds, or a time limit frees its memory. */
const RETRY_SECONDS = 2;

/** The memory of one body. */
export type BodyHold = {
  /** @throws ServiceError `body_memory_full` if too little is free; the old size then stays held */
  readonly resize: (bytes: number) => void;
  /** Must be called once, when the request ends. */
  readonly release: () => void;
};

export class BodyMemory {
  readonly #maxBytes: number;
  readonly #bytesOf = new Map<string, number>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The memory that all bodies hold now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param owner the API key, or without keys the client address */
  hold(owner: string): BodyHold {
    let held = 0;
    const change = (bytes: number) => {
      this.#add(owner, bytes - held);
      held = bytes;
    };
    return {
      resize: (bytes) => {
        if (bytes > held) this.check(owner, bytes - held);
        change(bytes);
      },
      release: () => change(0),
    };
  }

  /** @throws ServiceError `body_memory_full` if the owner may not hold this many bytes more */
  check(owner: string, bytes: number): void {
    const free = this.#maxBytes - this.#bytes - bytes;
    if ((this.#bytesOf.get(owner) ?? 0) + bytes <= free) return;
    throw new ServiceError(
      "body_memory_full",
      `too little memory is free for this body: all request bodies together may use ${this.#maxBytes} bytes ` +
        "(--body-memory), those of one client as many as they leave free; retry in a moment",
      { retryAfterSeconds: RETRY_SECONDS },
    );
  }

  #add(owner: string, bytes: number): void {
    const held = (this.#bytesOf.get(owner) ?? 0) + bytes;
    this.#bytes += bytes;
    if (held > 0) this.#bytesOf.set(owner, held);
    else this.#bytesOf.delete(owner);
  }
}
