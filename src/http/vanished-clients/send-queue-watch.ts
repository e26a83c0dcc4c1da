// Detects clients that vanish silently: no FIN, no RST, only missing acknowledgements. The kernel would buffer megabytes and
// wait a quarter of an hour before it reports them; this polls the kernel's send queues every few seconds.

import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import type { Logger } from "pino";
import { stackOf } from "../../errors.ts";
import { type ConnectionKey, connectionKey, parseSendQueues } from "./proc-net-tcp.ts";

export interface SocketWatch {
  /** Calls back once if the send queue makes no progress for the stall timeout. @returns a function that stops the watch */
  watch(socket: Socket, onStalled: () => void): () => void;
}

export type SendQueues = ReadonlyMap<ConnectionKey, number>;

export type SendQueueWatchOptions = {
  readonly stallTimeoutMs: number;
  /** Null on systems without such a list: then nothing is watched. */
  readonly readQueues: (() => Promise<SendQueues>) | null;
  readonly log: Logger;
};

/** The most bytes that the peer may have acknowledged, and since when that number has not grown. */
export type SendProgress = { readonly acknowledged: number; readonly sinceMs: number | null };
export type SendQueueReading = {
  /** Bytes written before and after the list was read: the list shows a state between the two. */
  readonly written: readonly [number, number];
  readonly queued: number;
  readonly nowMs: number;
};

type Watched = {
  readonly socket: Socket;
  readonly onStalled: () => void;
  progress: SendProgress;
};

/** The polling interval as a share of the stall timeout, within the limits below. */
const INTERVAL_SHARE = 1 / 20;
const INTERVAL_MS = { min: 50, max: 3_000 };
const LISTS = ["/proc/net/tcp", "/proc/net/tcp6"];

/** Watches nothing except on Linux, which has such a list. */
export function watchSendQueues(stallTimeoutMs: number, log: Logger): SocketWatch {
  const readQueues = process.platform === "linux" ? readSendQueues : null;
  return new SendQueueWatch({ stallTimeoutMs, readQueues, log });
}

export class SendQueueWatch implements SocketWatch {
  readonly #options: SendQueueWatchOptions;
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | null = null;
  #isBlind: boolean;
  /** Whether the last reading failed, so that repeated failures are logged once. */
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

  /** One timer for all sockets; none while there are none. */
  #schedule(): void {
    if (this.#timer || this.#watched.size === 0) return;
    const poll = () => {
      this.#poll()
        .catch((error: unknown) => this.#options.log.error({ stack: stackOf(error) }, "bug"))
        .finally(() => {
          this.#timer = null;
          this.#schedule();
        });
    };
    const { min, max } = INTERVAL_MS;
    const intervalMs = Math.max(min, this.#options.stallTimeoutMs * INTERVAL_SHARE);
    this.#timer = setTimeout(poll, Math.min(max, intervalMs)).unref();
  }

  async #poll(): Promise<void> {
    const written = new Map([...this.#watched].map((each) => [each, writtenTo(each.socket)]));
    const queues = await this.#read();
    const nowMs = performance.now();
    for (const [each, before] of queues ? written : []) {
      const queued = queues?.get(connectionKey(each.socket) ?? "");
      if (queued === undefined) continue; // the list is not an atomic snapshot: a line may be missing
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

  /** Null if the list cannot be read this time. */
  async #read(): Promise<SendQueues | null> {
    try {
      const queues = (await this.#options.readQueues?.()) ?? null;
      this.#hasFailed = false;
      return queues;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Other errors are temporary, such as too many open files.
      this.#isBlind = code === "ENOENT" || code === "EACCES";
      if (this.#isBlind) this.#watched.clear();
      if (!this.#hasFailed)
        this.#options.log.warn(
          { code },
          "/proc/net/tcp cannot be read: vanished clients are detected late",
        );
      this.#hasFailed = true;
      return null;
    }
  }
}

/**
 * Only new acknowledgements are progress; more queued bytes are not. Bytes written while the list was read may or may not be
 * in it, so progress is certain only if the least possible number of acknowledged bytes exceeds the earlier largest one.
 */
export function progressOf(
  before: SendProgress,
  { written, queued, nowMs }: SendQueueReading,
): SendProgress {
  const [least, most] = [written[0] - queued, written[1] - queued];
  if (queued === 0 || least > before.acknowledged) return { acknowledged: most, sinceMs: null };
  return { ...before, sinceMs: before.sinceMs ?? nowMs };
}

async function readSendQueues(): Promise<SendQueues> {
  const texts = await Promise.all(
    LISTS.map((file) => readFile(file, "latin1").catch(emptyWithoutV6)),
  );
  return new Map(texts.flatMap((text) => [...parseSendQueues(text)]));
}

/** A kernel without IPv6 has no tcp6. */
function emptyWithoutV6(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT" && error.path?.endsWith("6")) return "";
  throw error;
}

/** Bytes handed to the kernel; the rest is still buffered in this process. */
function writtenTo({ bytesWritten, writableLength }: Socket): number {
  return bytesWritten - writableLength;
}
