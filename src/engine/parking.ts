// A request whose reader is too slow keeps its slot until other requests want it.

type ParkingOptions = {
  /** How long it keeps the slot while other requests want it. */
  readonly parkTimeoutMs: number;
  readonly isWanted: () => boolean;
  readonly giveUp: () => void;
};

/**
 * Calls `giveUp` at the end of each interval in which the slot is wanted; the worker may not be able to give it up yet.
 * @returns a function that ends the wait
 */
export function giveUpWhenWanted({ parkTimeoutMs, isWanted, giveUp }: ParkingOptions): () => void {
  const timer = setInterval(() => {
    if (isWanted()) giveUp();
  }, parkTimeoutMs);
  return () => clearInterval(timer);
}
