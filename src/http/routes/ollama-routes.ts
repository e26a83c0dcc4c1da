// Ollama's routes about models, beside its dialects. Those that change what the server has require a key with scope admin.

import type { Express, Request, RequestHandler, Response } from "express";
import {
  ollamaCopy,
  ollamaDelete,
  ollamaPull,
  ollamaShow,
} from "../../api/ollama/model-requests.ts";
import {
  encodeModel,
  encodeModels,
  encodeRunning,
  OLLAMA_VERSION,
  type OllamaServedModel,
} from "../../api/ollama/models.ts";
import { invalidValue } from "../../api/shared/refusals.ts";
import { ServiceError } from "../../errors.ts";
import { orAborted } from "../../generation/deferred.ts";
import { describeModel } from "../../models/describe-model.ts";
import type { OfferedModel } from "../../models/names/offered-model.ts";
import { watchWithin } from "../generate/time-limits.ts";
import { allowedModels } from "../server/allowed-models.ts";
import { nameIgnored, refuseUnknown } from "../server/ignored-params.ts";
import type { ReadJson } from "../server/json-body.ts";
import { methodNotAllowed, mountGet, mountPost } from "../server/middleware.ts";
import { localsOf } from "../server/response-locals.ts";
import type { ModelsDeps } from "./models-routes.ts";
import { type OllamaPullDeps, ollamaPullHandler } from "./ollama-pull.ts";

/** Ollama's paths that this server does not support. */
const UNSUPPORTED = ["/api/create", "/api/push", "/api/blobs"];

const REPLACEMENTS =
  "POST /api/pull downloads a model; other GGUF files are offered from the models folder (--models-dir), " +
  "or with --model FILE --alias NAME";

/** All of Ollama's API. Its own examples send no content type, or that of a form. */
export const OLLAMA_ROUTES = /^\/api\//i;

/** Only for keys with scope admin. */
export const OLLAMA_ADMIN_PATHS = [ollamaDelete.path, ollamaCopy.path];
export const OLLAMA_PATHS = [
  ...["/api/tags", "/api/ps", "/api/version"],
  ...[ollamaShow.path, ollamaPull.path, ...OLLAMA_ADMIN_PATHS],
];

export type OllamaDeps = ModelsDeps & OllamaPullDeps & { readonly requestTimeoutMs: number };

export function mountOllama(app: Express, deps: OllamaDeps, readJson: ReadJson): void {
  mountGet(app, "/api/tags", (_req, res) => void res.json(encodeModels(servedBy(res, deps))));
  mountGet(app, "/api/ps", (_req, res) => void res.json(encodeRunning(servedBy(res, deps))));
  mountGet(app, "/api/version", (_req, res) => void res.json({ version: OLLAMA_VERSION }));
  mountPost(app, ollamaShow.path, readJson(showHandler(deps)));
  mountPost(app, ollamaPull.path, readJson(ollamaPullHandler(deps)));
  mountPost(app, ollamaCopy.path, readJson(copyHandler(deps)));
  app.delete(ollamaDelete.path, readJson(deleteHandler(deps)));
  app.all(ollamaDelete.path, methodNotAllowed("DELETE"));
  app.use(UNSUPPORTED, refuseUnsupported);
}

/** All models, each under each of its names. */
function servedBy(
  res: Response,
  { models, fleet, startedAtSeconds }: OllamaDeps,
): readonly OllamaServedModel[] {
  return allowedModels(res, models).all.flatMap((each) => {
    const state = describeModel(each, fleet);
    return each.names.map((id) => ({ id, state, startedAtSeconds }));
  });
}

function servedModel(
  id: string,
  model: OfferedModel,
  { fleet, startedAtSeconds }: Pick<OllamaDeps, "fleet" | "startedAtSeconds">,
): OllamaServedModel {
  return { id, state: describeModel(model, fleet), startedAtSeconds };
}

function showHandler(deps: OllamaDeps): RequestHandler {
  return (req, res) => {
    const { fields, ignoredParams } = ollamaShow.parse(req.body);
    refuseUnknown({ ignoredParams }, deps.isStrict);
    const { id, model } = allowedModels(res, deps.models).find(fields.model);
    nameIgnored(res, { ignoredParams });
    res.json(encodeModel(servedModel(id, model, deps)));
  };
}

/** A deletion goes on without the client. */
function deleteHandler(deps: OllamaDeps): RequestHandler {
  return async (req, res) => {
    const { fields, ignoredParams } = ollamaDelete.parse(req.body);
    localsOf(res).modelAsked = fields.model;
    refuseUnknown({ ignoredParams }, deps.isStrict);
    nameIgnored(res, { ignoredParams });
    allowedModels(res, deps.models).find(fields.model);
    const client = watchWithin(req, res, deps.requestTimeoutMs);
    try {
      await orAborted(deps.models.delete(fields.model), client.signal);
      res.status(200).end();
    } finally {
      client.dispose();
    }
  };
}

function copyHandler({ models, isStrict }: OllamaDeps): RequestHandler {
  return (req, res) => {
    const { fields, ignoredParams } = ollamaCopy.parse(req.body);
    localsOf(res).modelAsked = fields.source;
    refuseUnknown({ ignoredParams }, isStrict);
    const { model } = allowedModels(res, models).find(fields.source);
    if (!models.addName(model, fields.destination))
      throw invalidValue("destination", "is the name of another model; choose a free one");
    nameIgnored(res, { ignoredParams });
    res.status(200).end();
  };
}

function refuseUnsupported({ method, baseUrl }: Request): void {
  throw new ServiceError("not_found", `${method} ${baseUrl} is not supported. ${REPLACEMENTS}`);
}
