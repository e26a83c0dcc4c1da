// The wait status: what a client is told while its request waits (its stream asks for it) and while its prompt is read (an event of
// the answer). Each stream format and each API writes it in its own way.

/** The request waits for a slot. */
export type QueuedStatus = {
  readonly type: "queued";
  /** 1 is next. Only a forecast: a request of a key with less work done may still go first. */
  readonly position: number;
  /** Expected time until it gets a slot; null before any measurement. */
  readonly etaMs: number | null;
};

/** The request waits for the model. */
type LoadingStatus = {
  readonly type: "loading";
  readonly state: "unloaded" | "loading" | "ready" | "restarting" | "failed" | "closed";
  /** 0 to 1. */
  readonly progress: number;
  /** Expected time until the model is loaded; null before it was loaded for the first time. */
  readonly etaMs: number | null;
};

/** The wait status before the answer begins. */
export type WaitingStatus = QueuedStatus | LoadingStatus;

/** The prompt is being read. An event of the answer, sent only if the request asked for it. */
export type PrefillStatus = {
  readonly type: "prefill";
  readonly total: number;
  /** Tokens found in the KV cache. */
  readonly cached: number;
  /** Tokens read so far, including cached ones. */
  readonly processed: number;
  readonly ms: number;
};
