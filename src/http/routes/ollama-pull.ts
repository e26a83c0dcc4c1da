// Ollama's POST /api/pull: has the server download a model, and shows the progress in lines of JSON.

import type { Request, RequestHandler, Response } from "express";
import type { Frame } from "../../api/dialect.ts";
import { encodeOllamaError } from "../../api/ollama/errors.ts";
import { ollamaPull } from "../../api/ollama/model-requests.ts";
import { encodePullLine, PULL_SUCCESS, PULLING_MANIFEST } from "../../api/ollama/pull-lines.ts";
import { jsonFrame } from "../../api/shared/frames.ts";
import { ServiceError } from "../../errors.ts";
import type { ModelList } from "../../models/model-list.ts";
import type { PullJob, PullSnapshot } from "../../models/pull-job.ts";
import type { PullJobs } from "../../models/pull-jobs.ts";
import { allowedModels } from "../server/allowed-models.ts";
import { nameIgnored, refuseUnknown } from "../server/ignored-params.ts";
import { checkScope } from "../server/middleware.ts";
import { localsOf, requestIdOf } from "../server/response-locals.ts";
import { watchClient } from "../stream/disconnect.ts";
import { framingOf } from "../stream/framing.ts";
import { LogReader, type LogReaderDeps } from "../stream/log-reader.ts";

export type OllamaPullDeps = LogReaderDeps & {
  readonly models: Pick<ModelList, "allowedTo">;
  readonly pulls: PullJobs;
  readonly isStrict: boolean;
};

/** Every key may pull a served model, which downloads nothing. */
export function ollamaPullHandler(deps: OllamaPullDeps): RequestHandler {
  return async (req, res) => {
    const { fields, ignoredParams } = ollamaPull.parse(req.body);
    localsOf(res).modelAsked = fields.model;
    refuseUnknown({ ignoredParams }, deps.isStrict);
    const isServed = allowedModels(res, deps.models).has(fields.model);
    if (!isServed)
      checkScope(res, { scope: "admin", subject: "a pull of a model that is not served" });
    const job = isServed ? null : deps.pulls.start(fields.model);
    nameIgnored(res, { ignoredParams });
    try {
      const pulling = { req, res, job };
      await (fields.stream ? stream(pulling, deps) : answerAtEnd(pulling));
    } finally {
      // As in Ollama, a pull ends with its last client. A later pull resumes it.
      if (job && !job.isWanted) deps.pulls.cancel(job.id);
    }
  };
}

/** A request; `job` is null for a model that is served already. */
type Pulling = { readonly req: Request; readonly res: Response; readonly job: PullJob | null };

function stream({ job, ...connection }: Pulling, deps: OllamaPullDeps): Promise<void> {
  const { res } = connection;
  const notice = () => jsonFrame(job ? encodePullLine(job.snapshot) : PULLING_MANIFEST);
  const errorFrame = (error: ServiceError) => jsonFrame(encodeOllamaError(error, requestIdOf(res)));
  const framing = framingOf(res, { notice });
  const reader = new LogReader(
    { ...connection, framing, waitStatus: () => null, errorFrame },
    deps,
  );
  return reader.relay((signal) => linesOf(job, signal));
}

async function answerAtEnd({ req, res, job }: Pulling): Promise<void> {
  const client = watchClient(req, res);
  try {
    for await (const _line of linesOf(job, client.signal));
    res.json(PULL_SUCCESS);
  } finally {
    client.dispose();
  }
}

/** @throws ServiceError why it failed */
async function* linesOf(
  job: PullJob | null,
  signal: AbortSignal,
): AsyncGenerator<readonly Frame[], void> {
  if (!job) return yield [PULLING_MANIFEST, PULL_SUCCESS].map(jsonFrame);
  for await (const snapshot of job.changes(signal)) {
    throwIfFailed(snapshot);
    yield [jsonFrame(encodePullLine(snapshot))];
  }
}

function throwIfFailed({ status, error }: PullSnapshot): void {
  if (error !== null) throw new ServiceError("download_failed", error);
  if (status === "cancelled")
    throw new ServiceError("cancelled", "the pull was cancelled by another request");
}
