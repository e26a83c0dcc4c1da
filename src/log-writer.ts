// Writes log lines to a file descriptor without ever blocking the process that logs: together, every so often, and
// bounded in memory. Whoever read the log may be gone: then the rest of it goes nowhere, at exit too.

import { write, writeSync } from "node:fs";

/** Lines are written together, this often: a write for each would cost a tenth of all short requests. */
const FLUSH_MS = 50;
const WRITE_BYTES = 8_192;
/** Of a log that nobody reads, so much waits in memory; further lines are dropped. */
const MOST_BYTES = 1_048_576;
/** At exit a full pipe gets so many chances to be read. */
const LAST_TRIES = 20;
const TRY_MS = 10;

/** As Node's own `write()`. */
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
    if (this.#isBroken || this.#bytes + bytes.length > MOST_BYTES) return;
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes >= WRITE_BYTES) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS).unref();
  }

  /** What still waits, at the process's end. */
  flushSync(): void {
    for (let tries = 0; this.#waiting.length > 0 && tries < LAST_TRIES; ) {
      const chunk = this.#take();
      try {
        this.#putBack(chunk.subarray(writeSync(this.#descriptor, chunk)));
      } catch (error) {
        if (!isFull(error)) return; // nobody reads it any more
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
      if (error && isOver(error)) {
        this.#isBroken = true;
        this.#take();
        return;
      }
      // A disk that is full, and the like, costs these lines, and not those that come when it has room again.
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

  /** What was not taken goes first the next time. */
  #putBack(rest: Buffer): void {
    if (rest.length === 0) return;
    this.#waiting.unshift(rest);
    this.#bytes += rest.length;
  }
}

/** Nothing that is written there will ever arrive: its reader is gone, or it is closed. */
function isOver(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EPIPE" || code === "EBADF" || code === "ECONNRESET";
}

/** A pipe whose reader is slow, in a process where pipes do not block. */
function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EAGAIN" || code === "EBUSY";
}
