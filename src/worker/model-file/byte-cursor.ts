// Reads numbers and texts one after the other from a file of any size, and never beyond its end. Holds only a small window of
// the file in memory.

import { ModelFileError } from "./model-file-error.ts";

export interface ByteSource {
  readonly size: number;
  /** @param length at most WINDOW_BYTES, and within the size */
  read(position: number, length: number): Buffer;
}

export const WINDOW_BYTES = 262_144;

export class ByteCursor {
  readonly #source: ByteSource;
  #position = 0;
  #window: Buffer = Buffer.alloc(0);
  #windowStart = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  get position(): number {
    return this.#position;
  }

  get left(): number {
    return this.#source.size - this.#position;
  }

  u32(what: string): number {
    return this.#take(4, what).readUInt32LE();
  }

  /** Exact up to 2^53, more than the size of any file. Larger values are inexact, but still too large. */
  u64(what: string): number {
    return Number(this.#take(8, what).readBigUInt64LE());
  }

  /** @param bytes 1, 2, 4 or 8 */
  integer(bytes: number, isSigned: boolean, what: string): number {
    const taken = this.#take(bytes, what);
    if (bytes === 8) return Number(isSigned ? taken.readBigInt64LE() : taken.readBigUInt64LE());
    return isSigned ? taken.readIntLE(0, bytes) : taken.readUIntLE(0, bytes);
  }

  /** Reads a text with its length before it. @returns at most the first `mostBytes` */
  text(what: string, mostBytes: number): { readonly text: string; readonly bytes: number } {
    const bytes = this.u64(`the length of ${what}`);
    this.expect(bytes, what);
    const text = this.#take(Math.min(bytes, mostBytes), what).toString("latin1");
    this.#position += bytes - text.length; // in this encoding a character is a byte
    return { text, bytes };
  }

  /** @throws ModelFileError when the file has fewer bytes left */
  expect(bytes: number, what: string): void {
    if (bytes <= this.left) return;
    throw new ModelFileError(
      `${what} needs ${bytes} bytes at byte ${this.#position}, but the file has only ${this.left} more: it is truncated or damaged`,
    );
  }

  advance(bytes: number, what: string): void {
    this.expect(bytes, what);
    this.#position += bytes;
  }

  #take(bytes: number, what: string): Buffer {
    this.expect(bytes, what);
    let begin = this.#position - this.#windowStart;
    if (begin < 0 || begin + bytes > this.#window.length) {
      this.#windowStart = this.#position;
      this.#window = this.#source.read(this.#position, Math.min(WINDOW_BYTES, this.left));
      begin = 0;
    }
    this.#position += bytes;
    return this.#window.subarray(begin, begin + bytes);
  }
}
