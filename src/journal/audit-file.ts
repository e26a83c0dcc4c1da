// A file to which lines are appended, in order, without blocking the event loop. It may be renamed or cut off by logrotate at any
// time. While it cannot be written, lines wait in memory; the ones that do not fit there are counted as lost.

import { closeSync, constants, openSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";

export class AuditFileError extends Error {
  override readonly name = "AuditFileError";
}

export type AuditFileOptions = {
  readonly file: string;
  readonly log: (level: "info" | "error", message: string) => void;
  /** Called with the number of lines that are lost. */
  readonly onLost: (lines: number) => void;
  /** Of the lines that wait, in bytes. Default: 4 MiB. */
  readonly maxWaitingBytes?: number;
  /** Between tries while the file cannot be written, in ms. Default: 1,000. */
  readonly retryMs?: number;
};

const MAX_WAITING_BYTES = 4 * 2 ** 20;
const RETRY_MS = 1_000;
/**
 * O_APPEND: a line goes to the end of the file, also after `copytruncate`. O_NONBLOCK: a named pipe that nobody reads is an error,
 * where opening it would wait forever. It changes nothing for a file.
 */
const FLAGS =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0);
const MODE = 0o600;

export class AuditFile {
  readonly #options: AuditFileOptions;
  readonly #maxWaitingBytes: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #handle: FileHandle | null = null;
  #writing: Promise<void> | null = null;
  #retry: NodeJS.Timeout | null = null;
  #lost = 0;
  #hasFailed = false;

  /** @throws AuditFileError if the file cannot be opened */
  constructor(options: AuditFileOptions) {
    this.#options = options;
    this.#maxWaitingBytes = options.maxWaitingBytes ?? MAX_WAITING_BYTES;
    const { file } = options;
    try {
      closeSync(openSync(file, FLAGS, MODE));
    } catch (error) {
      throw new AuditFileError(`--audit: cannot write to ${file}: ${reasonOf(error)}`, {
        cause: error,
      });
    }
  }

  /** @param line without its end */
  append(line: string): void {
    const bytes = Buffer.from(`${line}\n`);
    if (this.#waitingBytes + bytes.length > this.#maxWaitingBytes) return this.#lose(1);
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#start();
  }

  /** Writes what waits, with one more try if the file could not be written. */
  async close(): Promise<void> {
    await this.#writing;
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
    this.#start();
    await this.#writing;
    if (this.#retry) clearTimeout(this.#retry);
    await this.#handle?.close();
    if (this.#waiting.length > 0) this.#lose(this.#waiting.length);
  }

  #start(): void {
    if (this.#writing || this.#retry || this.#waiting.length === 0) return;
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = null;
    });
  }

  /** Never rejects. */
  async #writeAll(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const handle = await this.#opened();
        const batch = Buffer.concat(this.#waiting);
        const { bytesWritten } = await handle.write(batch);
        this.#remove(bytesWritten);
      }
      this.#succeed();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The file that has the name now: logrotate may have renamed the one that was open. */
  async #opened(): Promise<FileHandle> {
    const { file } = this.#options;
    if (this.#handle) {
      const [named, own] = await Promise.all([identityAt(file), this.#handle.stat()]);
      if (named?.ino === own.ino && named.dev === own.dev) return this.#handle;
      await this.#handle.close();
      this.#handle = null;
    }
    this.#handle = await open(file, FLAGS, MODE);
    return this.#handle;
  }

  /** The disk may have taken a part only, which may end within a line. */
  #remove(bytes: number): void {
    this.#waitingBytes -= bytes;
    let left = bytes;
    while (left > 0) {
      const [first] = this.#waiting;
      if (!first) return;
      if (first.length > left) {
        this.#waiting[0] = first.subarray(left);
        return;
      }
      left -= first.length;
      this.#waiting.shift();
    }
  }

  #lose(lines: number): void {
    if (this.#lost === 0)
      this.#options.log("error", `lines of the audit file ${this.#options.file} are being lost`);
    this.#lost += lines;
    this.#options.onLost(lines);
  }

  #fail(error: unknown): void {
    const { file, log, retryMs = RETRY_MS } = this.#options;
    if (!this.#hasFailed)
      log("error", `cannot write to the audit file ${file}: ${reasonOf(error)}; trying again`);
    this.#hasFailed = true;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.#start();
    }, retryMs).unref();
  }

  #succeed(): void {
    const { file, log } = this.#options;
    if (this.#hasFailed || this.#lost > 0)
      log("info", `the audit file ${file} is written again; ${this.#lost} lines were lost`);
    this.#hasFailed = false;
    this.#lost = 0;
  }
}

/** Null if there is no file of this name. */
async function identityAt(file: string) {
  try {
    return await stat(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
