// Reads one answer from its request to its end, and reconnects whenever the connection breaks.

import type { StreamPosition } from "../conversation/conversation.ts";
import type { AnswerEvent } from "./answer-event.ts";
import { chunkEvents } from "./chunk-events.ts";
import type { OpenedStream } from "./opened-stream.ts";
import type { Server } from "./server.ts";
import { connectionError, ServerError } from "./server-error.ts";
import type { SseFrame } from "./sse-frames.ts";

/** A new request, or the position at which to continue an existing stream. */
export type StreamStart =
  | { readonly body: object; readonly requestId: string }
  | { readonly position: StreamPosition };

export type ReadOptions = {
  readonly server: Server;
  readonly signal: AbortSignal;
  /** Whether the server keeps the stream for a reconnect (default true). Otherwise a disconnect stops it at once. */
  readonly isResumable?: boolean;
  /** Default `sse`. */
  readonly transport?: "sse" | "websocket";
  /** Waits before a reconnect, less if the network is available again. Replaced in tests. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
};

/** Timeout for the response headers of a new request. */
const HEADERS_MS = 60_000;
/**
 * Timeouts for the response headers of reconnects. The server answers those at once, but the browser may send them over
 * pooled connections that are dead too. There can be several of those, so the first timeouts are short.
 */
const RECONNECT_HEADERS_MS = [1_500, 1_500, 1_500, 3_000, 6_000, 10_000];
/** Waits before reconnects. The server keeps a stream without a reader for 30 s by default. */
const WAITS_MS = [0, 250, 500, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000, 4_000, 4_000, 4_000];

/**
 * Yields events as they arrive. The events of one frame come as one list that ends with their `position`.
 * @throws ServerError if the answer fails or reconnecting does not help; the signal's reason when aborted
 */
export async function* readAnswer(
  start: StreamStart,
  options: ReadOptions,
): AsyncGenerator<readonly AnswerEvent[], void, undefined> {
  const { signal, wait = waitOrOnline } = options;
  let position = "position" in start ? start.position : null;
  let attempt = 0;
  for (;;) {
    try {
      const opened = await connect(position ?? start, attempt, options);
      position ??= startOf(opened.address);
      yield [{ type: "accepted", address: position?.address ?? null }];
      for await (const frames of opened.frames) {
        for (const frame of frames) {
          const { events, lastEventId, isEnd } = readFrame(frame);
          if (lastEventId !== null && position) position = { ...position, lastEventId };
          if (events.length > 0) yield events;
          if (isEnd) return;
          if (frame.type === "event") attempt = 0; // a connection that brings no event does not count as progress
        }
      }
      throw connectionError("connection_lost");
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const waitMs = WAITS_MS[attempt];
      if (position === null || waitMs === undefined || !isTransient(error))
        throw asServerError(error);
      attempt += 1;
      yield [{ type: "reconnecting", attempt }];
      await wait(waitMs, signal);
    }
  }
}

/** @param attempt number of failed connections since the last event */
async function connect(
  from: StreamStart | StreamPosition,
  attempt: number,
  { server, signal, isResumable = true, transport = "sse" }: ReadOptions,
): Promise<OpenedStream> {
  const timeout = new AbortController();
  const isNew = "body" in from;
  const timeoutMs = isNew ? HEADERS_MS : (RECONNECT_HEADERS_MS[attempt] ?? HEADERS_MS);
  const timer = setTimeout(() => timeout.abort(connectionError("unreachable")), timeoutMs);
  const target = "position" in from ? from.position : from;
  const request = "body" in target ? { ...target, isResumable } : target;
  try {
    const either = AbortSignal.any([signal, timeout.signal]);
    return transport === "websocket"
      ? await server.openSocketStream(request, either)
      : await server.openStream(request, either);
  } finally {
    clearTimeout(timer);
  }
}

function startOf(address: string | null): StreamPosition | null {
  return address === null ? null : { address, lastEventId: null };
}

type ReadFrame = {
  readonly events: readonly AnswerEvent[];
  readonly lastEventId: string | null;
  readonly isEnd: boolean;
};

function readFrame(frame: SseFrame): ReadFrame {
  if (frame.type === "status") return { events: [frame.phase], lastEventId: null, isEnd: false };
  const { id, data } = frame;
  if (data === "[DONE]") return { events: [], lastEventId: id, isEnd: true };
  const events = chunkEvents(data);
  return {
    events: id === null ? events : [...events, { type: "position", lastEventId: id }],
    lastEventId: id,
    isEnd: false,
  };
}

/** Whether a retry may help: after a network error, or while the server restarts. */
function isTransient(error: unknown): boolean {
  if (!(error instanceof ServerError)) return true; // the connection broke while it was read
  const { code, status } = error.failure;
  return code === "unreachable" || code === "connection_lost" || status === 502 || status === 503;
}

function asServerError(error: unknown): ServerError {
  return error instanceof ServerError ? error : connectionError("connection_lost", error);
}

function waitOrOnline(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener("online", done);
    signal.addEventListener("abort", done);
  });
}
