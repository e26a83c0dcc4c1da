// Builds the journal with all its readers. Called by service.ts.

import type { Config } from "./config/config.ts";
import { createTelemetry } from "./create-telemetry.ts";
import { Audit } from "./journal/audit.ts";
import { AuditFile } from "./journal/audit-file.ts";
import { type EndedRequest, Journal } from "./journal/journal.ts";
import { LoadWindow } from "./journal/load-window.ts";
import { requestLog } from "./journal/request-log.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics/metrics.ts";
import { traceOf } from "./telemetry/trace-context.ts";

export type JournalParts = {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** The file of a model by its name; null for one that is not served. */
  readonly fileOf: (model: string) => string | null;
};

/**
 * Close it with `closeJournal()`. `audit` and `telemetry` are null if their settings are absent, and so is `traceOf` without telemetry.
 * @throws AuditFileError if the audit file cannot be opened
 * @throws ConfigError for a file of headers that cannot be used
 */
export function createJournal(parts: JournalParts) {
  const { config, log, metrics } = parts;
  const loadWindow = new LoadWindow();
  const telemetry = createTelemetry(config, log);
  const audit = createAudit(parts);
  const journal = new Journal([
    requestLog(log),
    (ended) => metrics.requestEnded(ended),
    (ended) => loadWindow.add(ended),
    ...(audit ? [audit.ended] : []),
    ...(telemetry ? [(ended: EndedRequest) => telemetry.ended(ended)] : []),
  ]);
  return { journal, loadWindow, audit, telemetry, traceOf: telemetry && traceOf };
}

type Journals = Pick<ReturnType<typeof createJournal>, "audit" | "telemetry">;

/** Writes and sends what is left. */
export async function closeJournal({ audit, telemetry }: Journals): Promise<void> {
  await Promise.all([audit?.close(), telemetry?.close()]);
}

function createAudit({ config, log, metrics, fileOf }: JournalParts): Audit | null {
  if (config.audit === undefined) return null;
  const file = new AuditFile({
    file: config.audit,
    log: (level, message) => log[level](message),
    onLost: (lines) => metrics.auditLinesLost(lines),
  });
  return new Audit({ file, fileOf });
}
