// Builds the journal with all its readers. Called by service.ts.

import { Audit } from "./journal/audit.ts";
import { AuditFile } from "./journal/audit-file.ts";
import { Journal } from "./journal/journal.ts";
import { LoadWindow } from "./journal/load-window.ts";
import { requestLog } from "./journal/request-log.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics/metrics.ts";

export type JournalParts = {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** The audit file; undefined for none. */
  readonly audit: string | undefined;
  /** The file of a model by its name; null for one that is not served. */
  readonly fileOf: (model: string) => string | null;
};

/** @throws AuditFileError if the audit file cannot be opened */
export function createJournal({ log, metrics, audit: file, fileOf }: JournalParts) {
  const loadWindow = new LoadWindow();
  const openAudit = (named: string) =>
    new AuditFile({
      file: named,
      log: (level, message) => log[level](message),
      onLost: (lines) => metrics.auditLinesLost(lines),
    });
  const audit = file === undefined ? null : new Audit({ file: openAudit(file), fileOf });
  const journal = new Journal([
    requestLog(log),
    (ended) => metrics.requestEnded(ended),
    (ended) => loadWindow.add(ended),
    ...(audit ? [audit.ended] : []),
  ]);
  return { journal, loadWindow, audit };
}
