// The sink of a streamed answer: headers, frames, wait status and heartbeats between them, and waiting while the socket is
// full. Its framing decides the format: server-sent events, lines of JSON, or messages of a WebSocket.

import type { Response } from "express";
import type { Frame } from "../../api/dialect.ts";
import { abortReason, guarded, ServiceError, toServiceError } from "../../errors.ts";
import type { WaitingStatus } from "../../generation/wait-status.ts";
import type { SocketWatch } from "../vanished-clients/send-queue-watch.ts";
import type { Framing } from "./framing.ts";
import type { Sink } from "./sink.ts";

export type FrameStreamOptions = {
  readonly res: Response;
  readonly framing: Framing;
  /** A heartbeat is sent after this time without a write. */
  readonly heartbeatMs: number;
  /** A client that does not read for this time is disconnected. */
  readonly stallTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Detects clients that vanish silently. */
  readonly socketWatch: SocketWatch;
  readonly abort: (error: ServiceError) => void;
  /** Queue position or load progress; null while there is nothing to wait for. */
  readonly waitStatus: () => WaitingStatus | null;
};

const HEADERS = { "cache-control": "no-cache", "x-accel-buffering": "no" };
/** The wait status is sent at most this often. */
const STATUS_MS = 1000;

export class FrameStream implements Sink {
  readonly takesBody = false;
  readonly #options: FrameStreamOptions;
  #opening: NodeJS.Timeout | null = null;
  #ticker: NodeJS.Timeout | null = null;
  #hasEnded = false;
  #lastWriteMs = 0;
  #lastStatus: WaitingStatus | null = null;
  #lastStatusText = "";
  #draining: Promise<void> | null = null;
  #unwatch: (() => void) | null = null;

  constructor(options: FrameStreamOptions) {
    this.#options = options;
  }

  /** Whether the headers are sent and the stream has not ended. */
  get isOpen(): boolean {
    return this.#ticker !== null && !this.#hasEnded;
  }

  /** Opens the stream after this time unless it is open by then. */
  openWithin(ms: number): void {
    this.#opening = setTimeout(
      this.#safe(() => this.begin()),
      ms,
    );
  }

  /** Sends the headers and a first comment at once, so that the client and proxies do not time out. */
  begin(): void {
    const { res, framing, heartbeatMs, stallTimeoutMs, signal, socketWatch, abort } = this.#options;
    if (this.#ticker || this.#hasEnded || signal.aborted) return;
    res.writeHead(200, { "content-type": framing.contentType, ...HEADERS });
    res.socket?.setNoDelay(true);
    const opening = framing.opening(heartbeatMs);
    if (opening === "") res.flushHeaders();
    else this.#write(opening);
    this.#writeNewStatus();
    const tick = this.#safe(() => this.#tick());
    this.#ticker = setInterval(tick, Math.min(STATUS_MS, heartbeatMs / 5));
    if (!res.socket) return;
    this.#unwatch = socketWatch.watch(res.socket, () => abort(stalled(stallTimeoutMs)));
  }

  /**
   * Writes the frames together. Not an async function, because it runs for every token.
   * @returns a promise only if the socket is full: it resolves when the socket takes more
   * @throws ServiceError the signal's reason; the promise rejects with it or with `client_stalled`
   */
  send(frames: readonly Frame[]): Promise<void> | undefined {
    const { res, signal, framing } = this.#options;
    if (!this.#ticker) this.begin();
    if (signal.aborted) throw abortReason(signal);
    if (frames.length === 0) return undefined; // without a write, a heartbeat may still be due
    this.#lastWriteMs = performance.now();
    if (res.write(framing.encode(frames))) return undefined;
    this.#draining ??= drained(res, this.#options).finally(() => {
      this.#draining = null;
    });
    return this.#draining; // all choices wait for the same drain
  }

  /** Ends the stream with these frames, without waiting for the client. */
  end(frames: readonly Frame[] = []): void {
    this.close();
    const { res, framing } = this.#options;
    res.end((frames.length > 0 ? framing.encode(frames) : "") + (framing.closing?.() ?? ""));
  }

  /**
   * Sends the last frames; a client that disconnected or stalled is not sent them. Does nothing before the headers: then an error
   * can still be answered in another way.
   */
  fail(error: ServiceError, last: readonly Frame[]): void {
    if (!this.isOpen) return;
    const isUnreachable = error.code === "aborted" || error.code === "client_stalled";
    if (isUnreachable) this.#destroy();
    else this.end(last);
  }

  /** Closes the connection of a client that would not read an error either. */
  #destroy(): void {
    this.close();
    this.#options.res.destroy();
  }

  /** Stops the timers. The server closes the connection of a client that does not read the rest, see connections.ts. */
  close(): void {
    this.#hasEnded = true;
    if (this.#opening) clearTimeout(this.#opening);
    if (this.#ticker) clearInterval(this.#ticker);
    this.#unwatch?.();
  }

  /** No caller catches errors of a timer: they end this stream only. */
  #safe(callback: () => void): () => void {
    return guarded(callback, (error) => {
      this.#options.abort(toServiceError(error));
      this.#destroy();
    });
  }

  #tick(): void {
    if (this.#options.res.writableNeedDrain) return; // the client has unread data
    if (this.#writeNewStatus()) return;
    const silentMs = performance.now() - this.#lastWriteMs;
    const { heartbeatMs, framing } = this.#options;
    if (silentMs >= heartbeatMs) this.#write(framing.heartbeat(this.#lastStatus));
  }

  /** Writes the wait status if it has changed. @returns whether it wrote one */
  #writeNewStatus(): boolean {
    const { waitStatus, framing } = this.#options;
    this.#lastStatus = waitStatus();
    const text = this.#lastStatus ? framing.waitStatus(this.#lastStatus) : "";
    const isNew = text !== "" && text !== this.#lastStatusText;
    this.#lastStatusText = text;
    if (isNew) this.#write(text);
    return isNew;
  }

  #write(text: string): void {
    this.#lastWriteMs = performance.now();
    if (text !== "") this.#options.res.write(text);
  }
}

export type DrainOptions = Pick<FrameStreamOptions, "signal" | "stallTimeoutMs">;

/**
 * Waits until the socket takes more. One write is at most a stream's buffer: a client that does not read that much within the
 * limit has stalled.
 * @throws ServiceError `client_stalled`, or the signal's reason
 */
export function drained(res: Response, { signal, stallTimeoutMs }: DrainOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void) => {
      clearTimeout(timer);
      res.off("drain", onDrain);
      signal.removeEventListener("abort", onAbort);
      settle();
    };
    const onDrain = () => done(resolve);
    const onAbort = () => done(() => reject(abortReason(signal)));
    const timer = setTimeout(() => done(() => reject(stalled(stallTimeoutMs))), stallTimeoutMs);
    res.once("drain", onDrain);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

function stalled(stallTimeoutMs: number): ServiceError {
  const seconds = stallTimeoutMs / 1000;
  const message = `the client did not read for ${seconds} s (--stall-timeout)`;
  return new ServiceError("client_stalled", message);
}
