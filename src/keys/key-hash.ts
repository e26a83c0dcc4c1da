// Keys as they are made and as they are kept.

import { createHash, randomBytes } from "node:crypto";

/** 256 random bits: they cannot be guessed, wherever their hash is read. */
export function newKey(): string {
  return `sluice-${randomBytes(32).toString("base64url")}`;
}

/**
 * One round of sha256 is right for such keys: slow hashes with a salt protect what people think up and dictionaries hold, and
 * these cost nothing at every request.
 */
export function hashOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
