// Notices that a model's file has changed since it was loaded. Requests ask, so the file system is asked only now and then.

const CHECK_MS = 1_000;

export class FileWatch {
  readonly #identityOf: () => string | null;
  /** The file as it was when it was loaded last. */
  #loaded: string | null = null;
  #checkAtMs = 0;

  /** @param identityOf changes when the file changes; null for a file that cannot be read */
  constructor(identityOf: () => string | null) {
    this.#identityOf = identityOf;
  }

  /** The file is loaded now. @returns its identity */
  load(): string | null {
    this.#loaded = this.#identityOf();
    this.#checkAtMs = performance.now() + CHECK_MS;
    return this.#loaded;
  }

  get identity(): string | null {
    return this.#identityOf();
  }

  /** Whether it is another file now. One that is missing has not changed: it may be about to be replaced. */
  get hasChanged(): boolean {
    if (performance.now() < this.#checkAtMs) return false;
    this.#checkAtMs = performance.now() + CHECK_MS;
    const { identity } = this;
    return identity !== null && identity !== this.#loaded;
  }
}
