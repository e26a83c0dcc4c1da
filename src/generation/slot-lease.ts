// One request's claim to a slot. The queue implements it. The engine acquires and releases it whenever the worker takes or
// frees a slot.

/** Can be acquired and released several times, because a parked stream gives up its slot and asks for one again later. */
export interface SlotLease {
  /**
   * Waits for a turn.
   * @throws ServiceError `queue_timeout`, `draining`, or the signal's reason
   */
  acquire(): Promise<void>;
  /**
   * Passes the turn on; call it when the worker has freed the slot. While waiting for a turn, stops waiting. Otherwise does
   * nothing.
   */
  release(): void;
  /** Whether it holds a turn. */
  readonly isHeld: boolean;
  /** Whether another request waits for a slot now. */
  readonly isContended: boolean;
}

/** The request that holds a slot. */
export type SlotUse = {
  readonly requestId: string;
  readonly model: string | null;
  readonly promptTokens: number;
  readonly generatedTokens: number;
  /** The request's token limit. */
  readonly maxTokens: number;
  readonly heldMs: number;
};

/** Null for a free slot; `busy` for one used by another key, whose details stay hidden. */
export type ShownSlot = SlotUse | "busy" | null;
