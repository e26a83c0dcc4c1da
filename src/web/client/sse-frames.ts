// Reads the frames of one response with server-sent events, and its wait status. Throws if the response is silent for too long.

import { createParser } from "eventsource-parser";
import type { WaitPhase } from "../conversation/conversation.ts";
import { phaseInComment } from "./wait-phase.ts";

export type SseFrame =
  | { readonly type: "event"; readonly id: string | null; readonly data: string }
  | { readonly type: "status"; readonly phase: WaitPhase };

/** Longest silence while the server has not announced its heartbeat interval. */
const INITIAL_SILENCE_MS = 60_000;
/** This many missed heartbeats mean that the connection is lost. */
const MISSED_HEARTBEATS = 3;

/**
 * Yields batches of frames as they arrive.
 * @throws Error if the connection breaks or three heartbeats are missed
 */
export async function* sseFrames(
  response: Response,
): AsyncGenerator<readonly SseFrame[], void, undefined> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return;
  let frames: SseFrame[] = [];
  let maxSilenceMs = INITIAL_SILENCE_MS;
  const parser = createParser({
    onEvent: ({ id, data }) => void frames.push({ type: "event", id: id ?? null, data }),
    onComment: (text) => {
      const heartbeatMs = Number(/heartbeat_ms=(\d+)/.exec(text)?.[1] ?? 0);
      if (heartbeatMs > 0) maxSilenceMs = MISSED_HEARTBEATS * heartbeatMs;
      const phase = phaseInComment(text);
      if (phase) frames.push({ type: "status", phase });
    },
  });
  try {
    for (;;) {
      const { done, value } = await withSilenceLimit(reader.read(), maxSilenceMs);
      if (done) return;
      parser.feed(value);
      if (frames.length > 0) yield frames;
      frames = [];
    }
  } finally {
    reader.cancel().catch(() => {}); // closes the connection early; rejects if it is already broken
  }
}

/** Rejects after `maxMs`. The second timer lets a page that was asleep read data that arrived meanwhile. */
async function withSilenceLimit<T>(read: Promise<T>, maxMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      timer = setTimeout(() => reject(new Error("no heartbeat")), 250);
    }, maxMs);
  });
  try {
    return await Promise.race([read, silence]);
  } finally {
    clearTimeout(timer);
  }
}
