// Builds the journal with all its readers. Called by service.ts.

import { Journal } from "./journal/journal.ts";
import { LoadWindow } from "./journal/load-window.ts";
import { requestLog } from "./journal/request-log.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics/metrics.ts";

export type JournalParts = { readonly log: Logger; readonly metrics: Metrics };

export function createJournal({ log, metrics }: JournalParts) {
  const loadWindow = new LoadWindow();
  const journal = new Journal([
    requestLog(log),
    (ended) => metrics.requestEnded(ended),
    (ended) => loadWindow.add(ended),
  ]);
  return { journal, loadWindow };
}
