// /v1/models/pull and /v1/models/pulls: has the server download models, shows the progress, and cancels, for keys with scope admin.

import type { Express, Request, RequestHandler, Response } from "express";
import type { Frame } from "../../api/dialect.ts";
import { modelPull, pullQuery } from "../../api/sluice/model-requests.ts";
import { encodePull } from "../../api/sluice/pulls.ts";
import { ServiceError } from "../../errors.ts";
import type { PullJob } from "../../models/pull-job.ts";
import type { PullJobs } from "../../models/pull-jobs.ts";
import { nameIgnored, refuseUnknown } from "../server/ignored-params.ts";
import type { ReadJson } from "../server/json-body.ts";
import { methodNotAllowed, mountGet, mountPost } from "../server/middleware.ts";
import { localsOf } from "../server/response-locals.ts";
import { framingOf } from "../stream/framing.ts";
import { endHead, LogReader, type LogReaderDeps } from "../stream/log-reader.ts";
import { checkedQuery } from "./checked-query.ts";
import { errorFrame } from "./model-admin-routes.ts";

const PULLS_PATH = "/v1/models/pulls";
export const PULL_PATHS = [modelPull.path, PULLS_PATH];

const ONE = `${PULLS_PATH}/:id`;

export type PullRoutesDeps = LogReaderDeps & {
  readonly pulls: PullJobs;
  readonly isStrict: boolean;
};

/** Goes before the routes of models-routes.ts, whose paths stand for any name. */
export function mountPulls(app: Express, deps: PullRoutesDeps, readJson: ReadJson): void {
  mountPost(app, modelPull.path, readJson(startHandler(deps)));
  mountGet(app, PULLS_PATH, (_req, res) => {
    const data = deps.pulls.list().map(({ snapshot }) => encodePull(snapshot));
    res.json({ object: "list", data });
  });
  app.get(ONE, (req, res) => {
    const query = checkedQuery(req, res, pullQuery, deps.isStrict);
    const job = jobOf(req, deps);
    const isStreamed = query.stream ?? req.accepts("json", "text/event-stream") !== "json";
    if (!isStreamed) return void res.json(encodePull(job.snapshot));
    if (req.method === "HEAD") return endHead(res);
    void follow({ req, res, job }, deps);
  });
  app.delete(ONE, (req, res) => {
    const job = jobOf(req, deps);
    deps.pulls.cancel(job.id);
    res.json(encodePull(job.snapshot));
  });
  app.all(ONE, methodNotAllowed("GET, DELETE"));
}

/** The pull goes on when its client disconnects. */
function startHandler(deps: PullRoutesDeps): RequestHandler {
  return async (req, res) => {
    const asked = modelPull.parse(req.body);
    localsOf(res).modelAsked = asked.model;
    refuseUnknown(asked, deps.isStrict);
    const job = deps.pulls.start(asked.model);
    job.keep();
    nameIgnored(res, asked);
    if (asked.isStreamed) return follow({ req, res, job }, deps);
    res.status(202).json(encodePull(job.snapshot));
  };
}

/** @throws ServiceError `not_found` */
function jobOf({ params }: Request, { pulls }: PullRoutesDeps): PullJob {
  const job = pulls.get(String(params.id));
  if (job) return job;
  const message = `there is no such pull; GET ${PULLS_PATH} lists those of this server since its start, except the oldest`;
  throw new ServiceError("not_found", message);
}

type Following = { readonly req: Request; readonly res: Response; readonly job: PullJob };

function follow({ req, res, job }: Following, deps: PullRoutesDeps): Promise<void> {
  const framing = framingOf(res);
  const reader = new LogReader({ req, res, framing, waitStatus: () => null, errorFrame }, deps);
  return reader.relay((signal) => framesOf(job, signal));
}

async function* framesOf(
  job: PullJob,
  signal: AbortSignal,
): AsyncGenerator<readonly Frame[], void> {
  for await (const snapshot of job.changes(signal))
    yield [{ data: JSON.stringify(encodePull(snapshot)) }];
}
