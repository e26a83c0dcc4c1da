// GET /v1/load-report: what a load test needs to know from the server that it loads.

import type { Express } from "express";
import { encodeLoadReport, loadQuestionOf, loadReportQuery } from "../../api/sluice/load-report.ts";
import type { LoadWindow } from "../../journal/load-window.ts";
import type { Credentials } from "../../keys/credentials.ts";
import { mountGet } from "../server/middleware.ts";
import { callerOf, seesAll } from "../server/response-locals.ts";
import { checkedQuery } from "./checked-query.ts";

export const LOAD_REPORT_PATH = "/v1/load-report";

export type LoadReportDeps = {
  readonly loadWindow: Pick<LoadWindow, "report">;
  readonly keys: Pick<Credentials, "callers">;
  readonly isStrict: boolean;
};

/** An admin sees the lines of all keys, and every other caller that of its own. */
export function mountLoadReport(app: Express, deps: LoadReportDeps): void {
  mountGet(app, LOAD_REPORT_PATH, (req, res) => {
    const query = checkedQuery(req, res, loadReportQuery, deps.isStrict);
    const callers = seesAll(res) ? deps.keys.callers : [callerOf(res)];
    const question = loadQuestionOf(query, new Set(callers.map(({ name }) => name)));
    res.json(encodeLoadReport(deps.loadWindow.report(question), question));
  });
}
