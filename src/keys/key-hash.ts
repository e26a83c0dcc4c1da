// Creates API keys and hashes them for storage.

import { createHash, randomBytes } from "node:crypto";

/** Contains 256 random bits, so it cannot be guessed even from its hash. */
export function newKey(): string {
  return `sluice-${randomBytes(32).toString("base64url")}`;
}

/**
 * One round of SHA-256 is enough for random keys and cheap at every request. Slow salted hashes protect passwords chosen by
 * people, which dictionaries contain.
 */
export function hashOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
