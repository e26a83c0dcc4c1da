// The credit of one run: how much the worker may send before the reader has taken it, and when more is due. In bytes, as
// `weightOf()` counts them.

/** Credit of a suspect. When it is used up, the suspect is parked and cleared: the crash did not happen again. */
const PROOF_BYTES = 32;

type CreditOptions = {
  /** Maximum weight of the deltas that wait for the reader. */
  readonly bufferBytes: number;
  readonly isSuspect: boolean;
};

export class Credit {
  readonly #bufferBytes: number;
  /** The credit that the worker gets with the start. */
  readonly firstBytes: number;
  #unsentBytes: number;
  #isWithheld: boolean;

  constructor({ bufferBytes, isSuspect }: CreditOptions) {
    this.#bufferBytes = bufferBytes;
    this.firstBytes = isSuspect ? Math.min(PROOF_BYTES, bufferBytes) : bufferBytes;
    this.#unsentBytes = bufferBytes - this.firstBytes;
    this.#isWithheld = isSuspect;
  }

  /** Adds what the reader has taken. */
  add(bytes: number): void {
    this.#unsentBytes += bytes;
  }

  /** Half a buffer is sent at a time, so that a fast reader needs only one message in a thousand tokens. */
  get isDue(): boolean {
    return !this.#isWithheld && this.#unsentBytes >= this.#bufferBytes / 2;
  }

  /** @returns all that the worker has not been sent yet. From then on, a suspect is treated like any other run. */
  takeAll(): number {
    const bytes = this.#unsentBytes;
    this.#unsentBytes = 0;
    this.#isWithheld = false;
    return bytes;
  }
}
