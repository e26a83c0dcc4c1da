// A request whose reader is too slow keeps its slot until other requests want it.

type ParkingOptions = {
  /** How long it keeps the slot while other requests want it. */
  readonly parkTimeoutMs: number;
  readonly isWanted: () => boolean;
  readonly giveUp: () => void;
};

/** Calls `giveUp` once, when the slot is wanted at the end of an interval. @returns a function that ends the wait */
export function giveUpWhenWanted({ parkTimeoutMs, isWanted, giveUp }: ParkingOptions): () => void {
  const timer = setInterval(() => {
    if (!isWanted()) return;
    clearInterval(timer);
    giveUp();
  }, parkTimeoutMs);
  return () => clearInterval(timer);
}
