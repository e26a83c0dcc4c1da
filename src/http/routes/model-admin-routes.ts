// Loads, unloads and deletes models, for keys with scope admin. What is downloaded: pull-routes.ts.

import type { Express, Request, RequestHandler, Response } from "express";
import type { Frame } from "../../api/dialect.ts";
import { encodeOpenaiError } from "../../api/openai/encoder.ts";
import { modelLoad, modelUnload } from "../../api/sluice/model-requests.ts";
import { encodeDeletedModel } from "../../api/sluice/models.ts";
import { ServiceError } from "../../errors.ts";
import { orAborted, settlesWithin } from "../../generation/deferred.ts";
import type { OfferedModel } from "../../models/names/offered-model.ts";
import { unloadModel } from "../../models/unload-model.ts";
import type { Admissions } from "../../queue/admissions.ts";
import { watchWithin } from "../generate/time-limits.ts";
import { allowedModels } from "../server/allowed-models.ts";
import { nameIgnored, refuseUnknown } from "../server/ignored-params.ts";
import type { ReadJson } from "../server/json-body.ts";
import { mountPost, requireScope } from "../server/middleware.ts";
import { localsOf, ownerOf } from "../server/response-locals.ts";
import type { ClientWatch } from "../stream/disconnect.ts";
import { framingOf } from "../stream/framing.ts";
import { LogReader, type LogReaderDeps } from "../stream/log-reader.ts";
import { MODEL_PATH, type ModelsDeps, modelIdIn, modelObject } from "./models-routes.ts";

export const MODEL_ADMIN_PATHS = [modelLoad.path, modelUnload.path];

/** How often a stream looks whether the state of a model has changed. */
const LOOK_MS = 250;

export type ModelAdminDeps = ModelsDeps &
  LogReaderDeps & {
    readonly queue: Pick<Admissions, "isDraining">;
    readonly requestTimeoutMs: number;
    readonly isStrict: boolean;
  };

/** Goes before the routes of models-routes.ts, whose paths stand for any name. */
export function mountModelAdmin(app: Express, deps: ModelAdminDeps, readJson: ReadJson): void {
  mountPost(app, modelLoad.path, readJson(loadHandler(deps)));
  mountPost(app, modelUnload.path, readJson(unloadHandler(deps)));
  app.delete(MODEL_PATH, requireScope("admin"), deleteHandler(deps));
}

function loadHandler(deps: ModelAdminDeps): RequestHandler {
  return async (req, res) => {
    const asked = modelLoad.parse(req.body);
    localsOf(res).modelAsked = asked.model;
    refuseUnknown(asked, deps.isStrict);
    const { id, model } = allowedModels(res, deps.models).find(asked.model);
    if (deps.queue.isDraining) throw new ServiceError("draining", "the server is shutting down");
    nameIgnored(res, asked);
    const client = watchWithin(req, res, deps.requestTimeoutMs);
    const describe = () => JSON.stringify(modelObject(id, model, deps));
    const load = () => loaded(model, { res, client, deps });
    try {
      if (asked.isStreamed)
        await stream({ req, res, client, deps }, () => states(describe, load()));
      else {
        await load();
        res.type("json").send(describe());
      }
    } finally {
      client.dispose();
    }
  };
}

type LoadOptions = {
  readonly res: Response;
  readonly client: ClientWatch;
  readonly deps: ModelAdminDeps;
};

/** It waits like a request. A load that has begun goes on without the client. @throws ServiceError */
async function loaded(model: OfferedModel, { res, client, deps }: LoadOptions): Promise<void> {
  const gate = { owner: ownerOf(res), isFlex: false, arrivedAtMs: performance.now(), places: 0 };
  await deps.models.loadable(model).ready({ ...gate, signal: client.signal });
}

/** Yields the state at once, then each other one, and at the end that of the loaded model. @throws what the wait throws */
async function* states(
  describe: () => string,
  wait: Promise<void>,
): AsyncGenerator<readonly Frame[], void> {
  wait.catch(() => {}); // awaited below, unless the client leaves before that
  let last = describe();
  yield [{ data: last }];
  while (!(await settlesWithin(wait, LOOK_MS))) {
    const now = describe();
    if (now !== last) yield [{ data: now }];
    last = now;
  }
  await wait;
  yield [{ data: describe() }];
}

type Streaming = LoadOptions & { readonly req: Request };

function stream(
  { deps, ...connection }: Streaming,
  source: Parameters<LogReader["relay"]>[0],
): Promise<void> {
  const framing = framingOf(connection.res);
  const options = { ...connection, framing, waitStatus: () => null, errorFrame };
  return new LogReader(options, deps).relay(source);
}

/** The frame of a failure, for streams about models. */
export function errorFrame(error: ServiceError): Frame {
  return { data: JSON.stringify(encodeOpenaiError(error)) };
}

function unloadHandler(deps: ModelAdminDeps): RequestHandler {
  return async (req, res) => {
    const asked = modelUnload.parse(req.body);
    localsOf(res).modelAsked = asked.model;
    refuseUnknown(asked, deps.isStrict);
    const { id, model } = allowedModels(res, deps.models).find(asked.model);
    nameIgnored(res, asked);
    const client = watchWithin(req, res, deps.requestTimeoutMs);
    try {
      await unloadModel(model, client.signal);
      res.json(modelObject(id, model, deps));
    } finally {
      client.dispose();
    }
  };
}

/** A deletion goes on without the client. */
function deleteHandler(deps: ModelAdminDeps): RequestHandler {
  return async (req, res) => {
    const id = modelIdIn(req);
    allowedModels(res, deps.models).find(id); // throws for a model that the key may not use
    const client = watchWithin(req, res, deps.requestTimeoutMs);
    try {
      await orAborted(deps.models.delete(id), client.signal);
      res.json(encodeDeletedModel(id));
    } finally {
      client.dispose();
    }
  };
}
