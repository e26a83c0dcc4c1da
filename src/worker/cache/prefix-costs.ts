// Measured costs of reading, saving and loading tokens, and what they say about saving or loading a prefix. Pure.

import { BLOCK_TOKENS } from "../../generation/prefix-hashes.ts";
import type { FoundPrefix } from "./saved-tiers.ts";

/** Saving and loading hold up other streams, so they must be this many times cheaper than reading the tokens again. */
const LEAST_GAIN = 2;
/** A prefix that is read again in less time than this is not saved. */
const LEAST_READ_MS = 20;
const WEIGHT = 0.2;
/** Until they are measured. */
const FIRST_READ_MS_PER_TOKEN = 1;
const FIRST_MS_PER_BYTE = { ram: 1e-6, disk: 5e-6 };

export class PrefixCosts {
  #readMsPerToken = FIRST_READ_MS_PER_TOKEN;
  #bytesPerToken: number;
  #saveMsPerByte = FIRST_MS_PER_BYTE.ram;
  #loadMsPerByte = { ...FIRST_MS_PER_BYTE };

  /** @param bytesPerToken until it is measured */
  constructor(bytesPerToken: number) {
    this.#bytesPerToken = bytesPerToken;
  }

  hasRead(tokens: number, ms: number): void {
    if (tokens < BLOCK_TOKENS) return; // mostly fixed costs
    this.#readMsPerToken = moved(this.#readMsPerToken, ms / tokens);
  }

  hasSaved({ tokens, bytes, ms }: { tokens: number; bytes: number; ms: number }): void {
    this.#bytesPerToken = bytes / tokens;
    this.#saveMsPerByte = moved(this.#saveMsPerByte, ms / bytes);
  }

  hasLoaded({ prefix, tier }: FoundPrefix, ms: number): void {
    this.#loadMsPerByte[tier] = moved(this.#loadMsPerByte[tier], ms / prefix.bytes);
  }

  /** Expected size of the state of a sequence. */
  bytesOf(tokens: number): number {
    return tokens * this.#bytesPerToken;
  }

  /** @param unsaved how many of the tokens no saved prefix holds */
  isWorthSaving({ tokens, unsaved }: { tokens: number; unsaved: number }): boolean {
    const readMs = unsaved * this.#readMsPerToken;
    const saveMs = this.bytesOf(tokens) * this.#saveMsPerByte;
    return readMs >= LEAST_READ_MS && readMs > LEAST_GAIN * saveMs;
  }

  isWorthLoading({ prefix, blocks, tier }: FoundPrefix): boolean {
    const readMs = blocks * BLOCK_TOKENS * this.#readMsPerToken;
    return readMs > LEAST_GAIN * prefix.bytes * this.#loadMsPerByte[tier];
  }
}

function moved(from: number, to: number): number {
  return from + WEIGHT * (to - from);
}
