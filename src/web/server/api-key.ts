// The API key that the user typed in, kept for this tab, or for this browser if the user chose that.

const NAME = "sluice-api-key";

export class ApiKey {
  #key: string | null;

  constructor() {
    this.#key = read(() => sessionStorage) ?? read(() => localStorage);
  }

  get(): string | null {
    return this.#key;
  }

  /** @param key an empty one removes the stored key */
  set(key: string, isRemembered: boolean): void {
    this.#key = key === "" ? null : key;
    for (const storage of [() => sessionStorage, () => localStorage]) write(storage, null);
    write(() => (isRemembered ? localStorage : sessionStorage), this.#key);
  }
}

/** A browser that blocks storage throws on access. */
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
    // the key then lasts until the page is closed
  }
}
