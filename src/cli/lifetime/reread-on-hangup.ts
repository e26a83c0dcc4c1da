// SIGHUP is the usual signal to reload. A terminal that is closed sends it too, and then the server ends with it.

import { isatty } from "node:tty";
import type { Logger } from "../../log.ts";

export function rereadOnHangup(log: Logger, reread: () => void): void {
  if (isatty(0) || isatty(1)) return;
  process.on("SIGHUP", () => {
    log.info({ signal: "SIGHUP" }, "reading settings, keys and certificates again");
    reread();
  });
}
