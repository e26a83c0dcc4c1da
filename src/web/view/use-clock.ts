// A clock for views that show a time as it passes.

import { useEffect, useState } from "react";

const TICK_MS = 200;

/** The current time in ms since 1970, which changes several times a second until the given time. */
export function useClock(untilMs: number): number {
  const [nowMs, setNow] = useState(() => Date.now());
  const isRunning = nowMs < untilMs;
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [isRunning]);
  return nowMs;
}
