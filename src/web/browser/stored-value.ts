// Small values in the browser's storage, which may be blocked. Then values last only until the page is closed.

export function readStored(storage: () => Storage, name: string): string | null {
  try {
    return storage().getItem(name);
  } catch {
    return null; // blocked storage throws on access
  }
}

/** @param value null removes the stored value */
export function writeStored(storage: () => Storage, name: string, value: string | null): void {
  try {
    if (value === null) storage().removeItem(name);
    else storage().setItem(name, value);
  } catch {
    // blocked storage throws on access
  }
}

export function storedNames(storage: () => Storage): readonly string[] {
  try {
    return Object.keys(storage());
  } catch {
    return []; // blocked storage throws on access
  }
}
