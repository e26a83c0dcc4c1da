// One request's claim to a slot. The queue implements it; the engine takes and returns it as the worker really holds a slot.

/** A claim that can be taken and given back several times: a parked stream gives its slot up and asks again later. */
export interface SlotLease {
  /**
   * Waits for a turn.
   * @throws ServiceError `queue_timeout`, `draining`, or the signal's reason
   */
  acquire(): Promise<void>;
  /**
   * Gives the turn to the next one, once the worker has freed the slot. While waiting for a turn it stops waiting, and
   * otherwise does nothing.
   */
  release(): void;
  /** Whether it holds a turn. */
  readonly isHeld: boolean;
  /** Whether somebody waits for a slot right now. */
  readonly isContended: boolean;
}
