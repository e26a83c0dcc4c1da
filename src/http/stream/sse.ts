// A stream over one response, server-sent events mostly: headers, frames, what is said in between, and waiting for a socket
// that takes no more.

import type { Response } from "express";
import type { Frame } from "../../api/dialect.ts";
import { abortReason, guarded, ServiceError, toServiceError } from "../../errors.ts";
import type { Framing } from "./framing.ts";
import type { SocketWatch } from "./send-queue-watch.ts";

export type SseOptions = {
  readonly res: Response;
  readonly framing: Framing;
  /** Silence longer than this is filled. */
  readonly heartbeatMs: number;
  /** A reader that does not take what waits for it within so long is cut off. */
  readonly stallTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Tells of a reader that is gone without a word. */
  readonly socketWatch: SocketWatch;
  readonly abort: (error: ServiceError) => void;
  /** Queue position or load progress; null while there is nothing to wait for. */
  readonly waitStatus: () => string | null;
};

const HEADERS = { "cache-control": "no-cache", "x-accel-buffering": "no" };
/** News of the queue comes at most this often. */
const STATUS_MS = 1000;

export class SseStream {
  readonly #options: SseOptions;
  #opening: NodeJS.Timeout | null = null;
  #ticker: NodeJS.Timeout | null = null;
  #hasEnded = false;
  #lastWriteMs = 0;
  #lastStatus: string | null = null;
  #draining: Promise<void> | null = null;
  #unwatch: (() => void) | null = null;

  constructor(options: SseOptions) {
    this.#options = options;
  }

  /** Whether it has begun, and takes more. */
  get isOpen(): boolean {
    return this.#ticker !== null && !this.#hasEnded;
  }

  /** Opens it after so long, if nothing has until then. */
  openWithin(ms: number): void {
    this.#opening = setTimeout(
      this.#safe(() => this.open()),
      ms,
    );
  }

  /** Sends headers and a first comment, so that client and proxies know at once that the request lives. */
  open(): void {
    const { res, framing, heartbeatMs, stallTimeoutMs, signal, socketWatch, abort } = this.#options;
    if (this.#ticker || this.#hasEnded || signal.aborted) return;
    res.writeHead(200, { "content-type": framing.contentType, ...HEADERS });
    res.socket?.setNoDelay(true);
    const opening = framing.opening(heartbeatMs);
    if (opening === "") res.flushHeaders();
    else this.#write(opening);
    const news = this.#news();
    if (news) this.#write(framing.news(news));
    const tick = this.#safe(() => this.#tick());
    this.#ticker = setInterval(tick, Math.min(STATUS_MS, heartbeatMs / 5));
    if (!res.socket) return;
    this.#unwatch = socketWatch.watch(res.socket, () => abort(stalled(stallTimeoutMs)));
  }

  /**
   * Writes the frames together, and waits until the socket takes more.
   * @throws ServiceError `client_stalled`, or the signal's reason
   */
  async send(frames: readonly Frame[]): Promise<void> {
    const { res, signal } = this.#options;
    this.open();
    if (signal.aborted) throw abortReason(signal);
    if (frames.length === 0) return; // nothing was sent: a heartbeat may be due
    this.#lastWriteMs = performance.now();
    if (res.write(this.#options.framing.encode(frames))) return;
    this.#draining ??= this.#drained(); // of several choices that write, all wait for the same
    await this.#draining;
  }

  /** The last frames, without waiting: of an error, or none. */
  end(frames: readonly Frame[] = []): void {
    this.close();
    const { res, framing } = this.#options;
    res.end(frames.length > 0 ? framing.encode(frames) : undefined);
  }

  /** Cuts a connection that takes nothing, not even an error. */
  destroy(): void {
    this.close();
    this.#options.res.destroy();
  }

  /** Sends nothing by itself any more. */
  close(): void {
    this.#hasEnded = true;
    if (this.#opening) clearTimeout(this.#opening);
    if (this.#ticker) clearInterval(this.#ticker);
    this.#unwatch?.();
  }

  /** Nothing catches above a timer: its error ends this stream, and no other. */
  #safe(callback: () => void): () => void {
    return guarded(callback, (error) => {
      this.#options.abort(toServiceError(error));
      this.destroy();
    });
  }

  #tick(): void {
    if (this.#options.res.writableNeedDrain) return; // it has enough to read
    const news = this.#news();
    if (news) return this.#write(this.#options.framing.news(news));
    const silentMs = performance.now() - this.#lastWriteMs;
    const { heartbeatMs, framing } = this.#options;
    if (silentMs >= heartbeatMs) this.#write(framing.heartbeat(this.#lastStatus));
  }

  /** The status, if it has changed. */
  #news(): string | null {
    const status = this.#options.waitStatus();
    if (status === this.#lastStatus) return null;
    this.#lastStatus = status;
    return status;
  }

  #write(text: string): void {
    this.#lastWriteMs = performance.now();
    this.#options.res.write(text);
  }

  /** One write holds no more than a stream's buffer: a reader that does not take that within the limit has stalled. */
  #drained(): Promise<void> {
    const { res, signal, stallTimeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const done = (settle: () => void) => {
        clearTimeout(timer);
        res.off("drain", onDrain);
        signal.removeEventListener("abort", onAbort);
        this.#draining = null;
        settle();
      };
      const onDrain = () => done(resolve);
      const onAbort = () => done(() => reject(abortReason(signal)));
      const timer = setTimeout(() => done(() => reject(stalled(stallTimeoutMs))), stallTimeoutMs);
      res.once("drain", onDrain);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}

/** Ends a stream that breaks off: whoever is gone, or does not read, is told nothing. */
export function endBroken(sse: SseStream, error: ServiceError, last: readonly Frame[]): void {
  const isGone = error.code === "aborted" || error.code === "client_stalled";
  if (isGone) sse.destroy();
  else sse.end(last);
}

export function stalled(stallTimeoutMs: number): ServiceError {
  const seconds = stallTimeoutMs / 1000;
  return new ServiceError(
    "client_stalled",
    `the client did not read for ${seconds} s (--stall-timeout)`,
  );
}
