// Runs a function at most once per animation frame, or a few times a second in a hidden tab, which has no frames.

const HIDDEN_MS = 300;

/** @returns a function that schedules one run, however often it is called */
export function onFrames(run: () => void): () => void {
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
  return () => {
    cancel ??= schedule();
  };
}
