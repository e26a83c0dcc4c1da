// A stream that the server has begun, however it comes.

import type { SseFrame } from "./sse-frames.ts";

/** A new answer, or the rest of one. */
export type StreamRequest =
  | { readonly body: object; readonly requestId: string; readonly isResumable: boolean }
  | { readonly address: string; readonly lastEventId: string | null };

export type OpenedStream = {
  /** Where it can be come back to; null when it cannot, or was. */
  readonly address: string | null;
  /** All frames that came together, as they come. Throws, or just ends, when the connection breaks. */
  readonly frames: AsyncIterable<readonly SseFrame[]>;
};
