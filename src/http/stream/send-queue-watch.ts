// Clients that vanish without a word: no FIN, no RST, only acknowledgements that do not come any more. The kernel takes
// megabytes before it says so, and waits a quarter of an hour; this looks at what it still has to send, every few seconds.

import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import type { Logger } from "pino";
import { stackOf } from "../../errors.ts";
import { type ConnectionKey, connectionKey, parseSendQueues } from "./proc-net-tcp.ts";

/** What a stream needs of it. */
export interface SocketWatch {
  /** Calls back once when the socket's send queue has made no progress for the limit. @returns to be called at the end */
  watch(socket: Socket, onStalled: () => void): () => void;
}

export type SendQueues = ReadonlyMap<ConnectionKey, number>;

export type SendQueueWatchOptions = {
  readonly stallTimeoutMs: number;
  /** Null where there is no such list: then nothing is watched. */
  readonly readQueues: (() => Promise<SendQueues>) | null;
  readonly log: Logger;
};

/** How far a connection has come at most, and since when no further. */
export type SendProgress = { readonly acknowledged: number; readonly sinceMs: number | null };
export type Seen = {
  /** Before the list was read, and after: somewhere between them lies what the list knows of. */
  readonly written: readonly [number, number];
  readonly queued: number;
  readonly nowMs: number;
};

type Watched = {
  readonly socket: Socket;
  readonly onStalled: () => void;
  progress: SendProgress;
};

/** Of the limit, so much may pass before it is noticed, but no more than some seconds. */
const INTERVAL_SHARE = 1 / 20;
const INTERVAL_MS = { least: 50, most: 3_000 };
const LISTS = ["/proc/net/tcp", "/proc/net/tcp6"];

/** The one of a service. Only Linux has such a list. */
export function watchSendQueues(stallTimeoutMs: number, log: Logger): SocketWatch {
  const readQueues = process.platform === "linux" ? readSendQueues : null;
  return new SendQueueWatch({ stallTimeoutMs, readQueues, log });
}

export class SendQueueWatch implements SocketWatch {
  readonly #options: SendQueueWatchOptions;
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | null = null;
  #isBlind: boolean;
  /** Whether the last reading did; that is logged once. */
  #hasFailed = false;

  constructor(options: SendQueueWatchOptions) {
    this.#options = options;
    this.#isBlind = options.readQueues === null;
  }

  watch(socket: Socket, onStalled: () => void): () => void {
    if (this.#isBlind) return () => {};
    const progress = { acknowledged: socket.bytesWritten, sinceMs: null };
    const watched: Watched = { socket, onStalled, progress };
    this.#watched.add(watched);
    this.#schedule();
    return () => void this.#watched.delete(watched);
  }

  /** One timer for all, and none without streams. */
  #schedule(): void {
    if (this.#timer || this.#watched.size === 0) return;
    const look = () => {
      this.#look()
        .catch((error: unknown) => this.#options.log.error({ stack: stackOf(error) }, "bug"))
        .finally(() => {
          this.#timer = null;
          this.#schedule();
        });
    };
    this.#timer = setTimeout(look, intervalOf(this.#options.stallTimeoutMs)).unref();
  }

  async #look(): Promise<void> {
    const written = new Map([...this.#watched].map((each) => [each, writtenTo(each.socket)]));
    const queues = await this.#read();
    const nowMs = performance.now();
    for (const [each, before] of queues ? written : []) {
      const queued = queues?.get(connectionKey(each.socket) ?? "");
      if (queued === undefined) continue; // the list is not read in one piece: it may lack a line
      each.progress = progressOf(each.progress, {
        written: [before, writtenTo(each.socket)],
        queued,
        nowMs,
      });
      if (!this.#watched.has(each) || !this.#isStalled(each.progress, nowMs)) continue;
      this.#watched.delete(each);
      each.onStalled();
    }
  }

  #isStalled({ sinceMs }: SendProgress, nowMs: number): boolean {
    return sinceMs !== null && nowMs - sinceMs >= this.#options.stallTimeoutMs;
  }

  /** Null where it could not be read this time. */
  async #read(): Promise<SendQueues | null> {
    try {
      const queues = (await this.#options.readQueues?.()) ?? null;
      this.#hasFailed = false;
      return queues;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Other errors pass: too many open files, for one.
      this.#isBlind = code === "ENOENT" || code === "EACCES";
      if (this.#isBlind) this.#watched.clear();
      if (!this.#hasFailed)
        this.#options.log.warn(
          { code },
          "clients that vanish are noticed late: /proc/net/tcp cannot be read",
        );
      this.#hasFailed = true;
      return null;
    }
  }
}

/**
 * Bytes that are queued without any being acknowledged are no progress, however many come to them. At least so many must
 * have been acknowledged as were at most before: what was written while the list was read counts for nobody.
 */
export function progressOf(before: SendProgress, { written, queued, nowMs }: Seen): SendProgress {
  const [least, most] = [written[0] - queued, written[1] - queued];
  if (queued === 0 || least > before.acknowledged) return { acknowledged: most, sinceMs: null };
  return { ...before, sinceMs: before.sinceMs ?? nowMs };
}

async function readSendQueues(): Promise<SendQueues> {
  const [first, second] = await Promise.all(
    LISTS.map((file) => readFile(file, "latin1").catch(noV6)),
  );
  return new Map([...parseSendQueues(first ?? ""), ...parseSendQueues(second ?? "")]);
}

/** A kernel may know nothing of IPv6. */
function noV6(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT" && error.path?.endsWith("6")) return "";
  throw error;
}

/** What the kernel has been given; the rest still waits in this process. */
function writtenTo({ bytesWritten, writableLength }: Socket): number {
  return bytesWritten - writableLength;
}

function intervalOf(stallTimeoutMs: number): number {
  const { least, most } = INTERVAL_MS;
  return Math.min(most, Math.max(least, stallTimeoutMs * INTERVAL_SHARE));
}
