// The time of a node or gateway, as an argument, so that tests decide it.

export type ClusterClock = {
  /** In ms, from any start. It never goes back. */
  readonly now: () => number;
  /** Calls the action again and again. @returns a function that ends it */
  readonly every: (intervalMs: number, action: () => void) => () => void;
};

export const SYSTEM_CLOCK: ClusterClock = {
  now: () => performance.now(),
  every: (intervalMs, action) => {
    const timer = setInterval(action, intervalMs);
    return () => clearInterval(timer);
  },
};
