// Runs something once per animation frame at most; in a hidden tab, where there are no frames, a few times a second.

export type FrameScheduler = {
  /** Soon, once, however often it is asked for. */
  request(): void;
  /** At once, if it was asked for. */
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
  // A frame that was asked for before the tab was hidden may never come.
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
