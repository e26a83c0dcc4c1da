// Checks the key or token of a WebSocket. A key is known at once, so that what its client sent behind it is handled in the same turn.

import { ServiceError } from "../../errors.ts";
import type { Credentials } from "../../keys/credentials.ts";

/**
 * @param done gets null for a valid one, otherwise what is wrong with it
 * @returns null if `done` was called already; otherwise it will be called before this resolves
 */
export function checkCredential(
  keys: Pick<Credentials, "isOpen" | "authenticate">,
  given: string,
  done: (problem: string | null) => void,
): Promise<void> | null {
  const refuse = (error: unknown) => {
    if (!(error instanceof ServiceError)) throw error;
    done(error.message);
  };
  let checked: ReturnType<Credentials["authenticate"]> | null;
  try {
    checked = keys.isOpen ? null : keys.authenticate(given);
  } catch (error) {
    refuse(error);
    return null;
  }
  if (checked instanceof Promise) return checked.then(() => done(null), refuse);
  done(null);
  return null;
}
