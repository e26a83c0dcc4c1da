// Limits the lines that others can cause, however many broken packets or restarting processes there are.

/** Lines of one minute. */
const MOST_LINES = 200;
const WINDOW_MS = 60_000;

export type ClusterLog = (level: "info" | "warn" | "error", message: string) => void;

/**
 * @param log the last line of a minute in which there were too many is a warning that says so
 * @param now in ms, from any start
 */
export function limitedLog(log: ClusterLog, now: () => number): ClusterLog {
  let startedAtMs = Number.NEGATIVE_INFINITY;
  let lines = 0;
  return (level, message) => {
    if (now() - startedAtMs >= WINDOW_MS) {
      startedAtMs = now();
      lines = 0;
    }
    lines += 1;
    if (lines <= MOST_LINES) return log(level, message);
    if (lines === MOST_LINES + 1)
      log("warn", "too many lines about the cluster: the next ones are left out for a minute");
  };
}
