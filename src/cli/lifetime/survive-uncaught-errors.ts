// Keeps a server running after an error that nothing has caught, if that is safe: uncaught.ts decides it.

import { uncaughtListener } from "../../uncaught.ts";
import type { EndingServer } from "./end-on-signals.ts";

export function surviveUncaughtErrors(
  server: EndingServer & { readonly report: (error: unknown) => void },
  { drainTimeoutMs }: { readonly drainTimeoutMs: number },
): void {
  const listener = uncaughtListener({
    report: server.report,
    close: () => server.close(),
    drainTimeoutMs,
    onEnding: () =>
      server.log.fatal("draining after an error that may have damaged what the requests share"),
    exit: (code) => process.exit(code),
  });
  process.on("uncaughtException", listener);
}
