// Limits how often a repeated event is logged. Used for connections that cannot be accepted, of which there may be thousands.

const MINUTE_MS = 60_000;

/** @returns a function that calls `act`, but at most once a minute */
export function onceAMinute<Args extends readonly unknown[]>(
  act: (...args: Args) => void,
): (...args: Args) => void {
  let actedAtMs = Number.NEGATIVE_INFINITY;
  return (...args) => {
    if (performance.now() - actedAtMs < MINUTE_MS) return;
    actedAtMs = performance.now();
    act(...args);
  };
}
