// Writes log lines to a file descriptor in batches, without blocking the process and with bounded memory. If the reader is
// gone, lines are dropped. Not pino's own destination: its flushSync() at exit retries forever when no process reads any more.

import { write, writeSync } from "node:fs";

/** Interval of writes. A write for each line would cost a tenth of the time of short requests. */
const FLUSH_MS = 50;
const WRITE_BYTES = 8_192;
/** Limit of the buffer; further lines are dropped. */
const MAX_BYTES = 1_048_576;
/** At exit, a write to a full pipe is retried this often. */
const EXIT_TRIES = 20;
const TRY_MS = 10;

/** The signature of Node's `write()`. */
type WriteBytes = (
  descriptor: number,
  bytes: Buffer,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void;

export class LogWriter {
  readonly #descriptor: number;
  readonly #write: WriteBytes;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | null = null;
  #isWriting = false;
  #isBroken = false;

  constructor(descriptor: number, writeBytes: WriteBytes = write) {
    this.#descriptor = descriptor;
    this.#write = writeBytes;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#isBroken || this.#bytes + bytes.length > MAX_BYTES) return;
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes >= WRITE_BYTES) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS).unref();
  }

  /** Writes the buffered lines when the process exits. */
  flushSync(): void {
    for (let tries = 0; this.#waiting.length > 0 && tries < EXIT_TRIES; ) {
      const chunk = this.#take();
      try {
        this.#putBack(chunk.subarray(writeSync(this.#descriptor, chunk)));
      } catch (error) {
        if (!isFull(error)) return; // there is no reader any more
        this.#putBack(chunk);
        tries += 1;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TRY_MS);
      }
    }
  }

  #flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#isWriting || this.#waiting.length === 0) return;
    this.#isWriting = true;
    const chunk = this.#take();
    this.#write(this.#descriptor, chunk, (error, written) => {
      this.#isWriting = false;
      if (error && isClosed(error)) {
        this.#isBroken = true;
        this.#take();
        return;
      }
      // Errors such as a full disk lose these lines, but not later ones.
      if (!error) this.#putBack(chunk.subarray(written));
      else if (isFull(error)) this.#putBack(chunk);
      if (this.#waiting.length > 0)
        this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS).unref();
    });
  }

  #take(): Buffer {
    const chunk = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#bytes = 0;
    return chunk;
  }

  /** The unwritten rest goes first in the next write. */
  #putBack(rest: Buffer): void {
    if (rest.length === 0) return;
    this.#waiting.unshift(rest);
    this.#bytes += rest.length;
  }
}

/** The reader is gone, or the descriptor is closed. */
function isClosed(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EPIPE" || code === "EBADF" || code === "ECONNRESET";
}

/** A non-blocking pipe with a slow reader. */
function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EAGAIN" || code === "EBUSY";
}
