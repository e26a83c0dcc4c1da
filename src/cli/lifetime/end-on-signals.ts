// Ends a server on SIGTERM and SIGINT: the first signal drains, the second one exits at once.

import type { Logger } from "../../log.ts";

/** One Ctrl-C may arrive twice: from the terminal, and forwarded by npm. */
const SAME_SIGNAL_MS = 300;

export type EndingServer = {
  readonly log: Logger;
  /** Drains and closes. */
  readonly close: () => Promise<void>;
};

export function endOnSignals(
  server: EndingServer,
  { drainTimeoutMs }: { readonly drainTimeoutMs: number },
): void {
  let firstAtMs: number | null = null;
  const onSignal = (signal: NodeJS.Signals) => {
    if (firstAtMs !== null && performance.now() - firstAtMs > SAME_SIGNAL_MS) process.exit(1);
    if (firstAtMs !== null) return;
    firstAtMs = performance.now();
    server.log.info(
      { signal },
      `draining: running requests may finish for up to ${drainTimeoutMs / 1000} s; a second signal exits at once`,
    );
    server.close().then(
      () => process.exit(0),
      (error: Error) => {
        console.error(`sluice: cannot close cleanly: ${error.message}`);
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}
