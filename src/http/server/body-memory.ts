// How much memory the bodies of all requests may take together, from their first byte until their request ends, and how it
// is shared: no owner may hold more than it leaves free. One alone has half of it, two have a third each, and so on.

import { ServiceError } from "../../errors.ts";

/** A body ends within seconds, or its memory is free again when it does not come. */
const RETRY_SECONDS = 2;

/** What one body holds. */
export type BodyHold = {
  /** @throws ServiceError `body_memory_full` for more than there is; what it held until then stays held */
  readonly resize: (bytes: number) => void;
  /** Once, at the request's end. */
  readonly release: () => void;
};

export class BodyMemory {
  readonly #maxBytes: number;
  readonly #bytesOf = new Map<string, number>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What all bodies hold. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param owner shares the memory with all others: a key, or without keys an address */
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

  /** @throws ServiceError `body_memory_full` when the owner may not hold so many bytes more */
  check(owner: string, bytes: number): void {
    const free = this.#maxBytes - this.#bytes - bytes;
    if ((this.#bytesOf.get(owner) ?? 0) + bytes <= free) return;
    throw new ServiceError(
      "body_memory_full",
      `there is no memory for this body at the moment: request bodies may take ${this.#maxBytes} bytes together ` +
        "(--body-memory), those of one client as many as it leaves free",
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
