// An open answer stream, over either transport.

import type { SseFrame } from "./sse-frames.ts";

/** A new answer, or the rest of one. */
export type StreamRequest =
  | { readonly body: object; readonly requestId: string; readonly isResumable: boolean }
  | { readonly address: string; readonly lastEventId: string | null };

export type OpenedStream = {
  /** Where to reconnect; null if the stream is not resumable, or after a reconnect. */
  readonly address: string | null;
  /** Batches of frames as they arrive. Throws or ends early if the connection breaks. */
  readonly frames: AsyncIterable<readonly SseFrame[]>;
};
