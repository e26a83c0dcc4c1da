// One answer from its request to its end, over as many connections as it takes: what breaks is come back to.

import type { StreamPlace } from "../conversation/conversation.ts";
import type { AnswerEvent } from "./answer-event.ts";
import { chunkEvents, commentEvents } from "./chunk-events.ts";
import type { OpenedStream } from "./opened-stream.ts";
import type { Server } from "./server.ts";
import { brokenConnection, ServerError } from "./server-error.ts";
import type { SseFrame } from "./sse-frames.ts";

/** A new request, or the place where one was left. */
export type Start =
  | { readonly body: object; readonly requestId: string }
  | { readonly place: StreamPlace };

export type ReadOptions = {
  readonly server: Server;
  readonly signal: AbortSignal;
  /** Whether the server keeps it for a client that was lost (default true). Otherwise leaving stops it at once. */
  readonly isResumable?: boolean;
  /** How it comes (default `sse`). */
  readonly transport?: "sse" | "websocket";
  /** Waits so long, or less if the network is back. Replaced in tests. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
};

/** A request that is not even begun to be answered by then is given up. */
const HEADERS_MS = 60_000;
/**
 * One that comes back is answered at once, unless the browser has sent it into a connection of its pool that is dead too:
 * the first tries are short, since there may be several of those.
 */
const RETURN_HEADERS_MS = [1_500, 1_500, 1_500, 3_000, 6_000, 10_000];
/** The server keeps a stream without a reader for 30 s by default: the tries lie closer at their beginning. */
const WAITS_MS = [0, 250, 500, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000, 4_000, 4_000, 4_000];

/**
 * Events as they come; those of one list belong together: with the last, a `place`, all of them are told.
 * @throws ServerError when it fails, or cannot be come back to; the signal's reason
 */
export async function* readAnswer(
  start: Start,
  options: ReadOptions,
): AsyncGenerator<readonly AnswerEvent[], void, undefined> {
  const { signal, wait = waitOrOnline } = options;
  let place = "place" in start ? start.place : null;
  let attempt = 0;
  for (;;) {
    try {
      const opened = await connect(place ?? start, attempt, options);
      place ??= placeAt(opened.address);
      yield [{ type: "accepted", address: place?.address ?? null }];
      for await (const frames of opened.frames) {
        for (const frame of frames) {
          const { events, lastEventId, isEnd } = told(frame);
          if (lastEventId !== null && place) place = { ...place, lastEventId };
          if (events.length > 0) yield events;
          if (isEnd) return;
          if (frame.type === "event") attempt = 0; // one that only ever says hello is no way on
        }
      }
      throw brokenConnection("connection_lost");
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const waitMs = WAITS_MS[attempt];
      if (place === null || waitMs === undefined || !isPassing(error)) throw lasting(error);
      attempt += 1;
      yield [{ type: "reconnecting", attempt }];
      await wait(waitMs, signal);
    }
  }
}

/** @param tries how often it was tried before, without an event in between */
async function connect(
  from: Start | StreamPlace,
  tries: number,
  { server, signal, isResumable = true, transport = "sse" }: ReadOptions,
): Promise<OpenedStream> {
  const silence = new AbortController();
  const isNew = "body" in from;
  const mostMs = isNew ? HEADERS_MS : (RETURN_HEADERS_MS[tries] ?? HEADERS_MS);
  const timer = setTimeout(() => silence.abort(brokenConnection("unreachable")), mostMs);
  const place = "place" in from ? from.place : from;
  const request = "body" in place ? { ...place, isResumable } : place;
  try {
    const either = AbortSignal.any([signal, silence.signal]);
    return transport === "websocket"
      ? await server.openSocketStream(request, either)
      : await server.openStream(request, either);
  } finally {
    clearTimeout(timer);
  }
}

function placeAt(address: string | null): StreamPlace | null {
  return address === null ? null : { address, lastEventId: null };
}

type Told = {
  readonly events: readonly AnswerEvent[];
  readonly lastEventId: string | null;
  readonly isEnd: boolean;
};

function told(frame: SseFrame): Told {
  if (frame.type === "comment")
    return { events: commentEvents(frame.text), lastEventId: null, isEnd: false };
  const { id, data } = frame;
  if (data === "[DONE]") return { events: [], lastEventId: id, isEnd: true };
  const events = chunkEvents(data);
  return {
    events: id === null ? events : [...events, { type: "place", lastEventId: id }],
    lastEventId: id,
    isEnd: false,
  };
}

/** Whether another try may help: the network's trouble, or a server that starts again. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof ServerError)) return true; // of a connection that broke while it was read
  const { code, status } = error.failure;
  return code === "unreachable" || code === "connection_lost" || status === 502 || status === 503;
}

function lasting(error: unknown): ServerError {
  return error instanceof ServerError ? error : brokenConnection("connection_lost", error);
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
