// Runs a function at most once per animation frame, or a few times a second in a hidden tab, which has no frames.

export type FrameScheduler = {
  /** Schedules one run, however often it is called. */
  request(): void;
  /** Runs now, if a run is scheduled. */
  flush(): void;
};

const HIDDEN_MS = 300;

export function onFrames(run: () => void): FrameScheduler {
  let cancel: (() => void) | null = null;
  const fire = () => {
    cancel = null;
    run();
  };
  const schedule = () => {
    if (document.hidden) {
      const timer = setTimeout(fire, HIDDEN_MS);
      return () => clearTimeout(timer);
    }
    const frame = requestAnimationFrame(fire);
    return () => cancelAnimationFrame(frame);
  };
  // A frame requested before the tab was hidden may never come.
  document.addEventListener("visibilitychange", () => {
    if (!cancel) return;
    cancel();
    cancel = schedule();
  });
  return {
    request: () => {
      cancel ??= schedule();
    },
    flush: () => {
      if (!cancel) return;
      cancel();
      fire();
    },
  };
}
