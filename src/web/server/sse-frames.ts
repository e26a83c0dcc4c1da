// The frames of one response with server-sent events, and the watch over its silence.

import { createParser } from "eventsource-parser";

export type SseFrame =
  | { readonly type: "event"; readonly id: string | null; readonly data: string }
  | { readonly type: "comment"; readonly text: string };

/** Before the server has said how often its heart beats, or if it never does. */
const FIRST_SILENCE_MS = 60_000;
/** So many heartbeats that do not come are a lost connection. */
const MISSED_HEARTBEATS = 3;

/**
 * All frames that came together, as they come.
 * @throws Error when the connection breaks, or is silent for three heartbeats
 */
export async function* sseFrames(
  response: Response,
): AsyncGenerator<readonly SseFrame[], void, undefined> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return;
  let frames: SseFrame[] = [];
  let mostSilenceMs = FIRST_SILENCE_MS;
  const parser = createParser({
    onEvent: ({ id, data }) => void frames.push({ type: "event", id: id ?? null, data }),
    onComment: (text) => {
      const heartbeatMs = Number(/heartbeat_ms=(\d+)/.exec(text)?.[1] ?? 0);
      if (heartbeatMs > 0) mostSilenceMs = MISSED_HEARTBEATS * heartbeatMs;
      frames.push({ type: "comment", text });
    },
  });
  try {
    for (;;) {
      const { done, value } = await withinSilence(reader.read(), () => mostSilenceMs);
      if (done) return;
      parser.feed(value);
      if (frames.length > 0) yield frames;
      frames = [];
    }
  } finally {
    // Whoever leaves in the middle ends the connection. One that is broken already says so again.
    reader.cancel().catch(() => {});
  }
}

/** Rejects when it takes longer. A timer that was late, in a page that slept, gives what has come meanwhile a moment. */
async function withinSilence<T>(read: Promise<T>, mostMs: () => number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      timer = setTimeout(() => reject(new Error("no heartbeat")), 250);
    }, mostMs());
  });
  try {
    return await Promise.race([read, silence]);
  } finally {
    clearTimeout(timer);
  }
}
