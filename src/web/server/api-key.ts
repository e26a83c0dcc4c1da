// The API key that was typed in: for this tab, or for this browser if that was wished.

const NAME = "sluice-api-key";

export class ApiKey {
  #key: string | null;

  constructor() {
    this.#key = read(() => sessionStorage) ?? read(() => localStorage);
  }

  get(): string | null {
    return this.#key;
  }

  /** @param key empty forgets it */
  set(key: string, isRemembered: boolean): void {
    this.#key = key === "" ? null : key;
    for (const storage of [() => sessionStorage, () => localStorage]) write(storage, null);
    write(() => (isRemembered ? localStorage : sessionStorage), this.#key);
  }
}

/** A browser may refuse to keep anything, and says so by throwing. */
function read(storage: () => Storage): string | null {
  try {
    return storage().getItem(NAME);
  } catch {
    return null;
  }
}

function write(storage: () => Storage, key: string | null): void {
  try {
    if (key === null) storage().removeItem(NAME);
    else storage().setItem(NAME, key);
  } catch {
    // then it is known until the page is closed
  }
}
