// Ollama's routes about models, beside its dialects. Models are chosen when the server starts: a running server cannot
// download, create or delete one.

import type { Express, Request, RequestHandler } from "express";
import {
  encodeModel,
  encodeModels,
  encodeRunning,
  type ModelRoute,
  OLLAMA_VERSION,
  type OllamaServedModel,
  ollamaPull,
  ollamaShow,
} from "../../api/ollama/models.ts";
import { ServiceError } from "../../errors.ts";
import { describeModel } from "../../models/describe-model.ts";
import type { OfferedModel } from "../../models/model-list.ts";
import { nameIgnored, refuseUnknown } from "../server/ignored-params.ts";
import type { ReadJson } from "../server/json-body.ts";
import { mountGet, mountPost } from "../server/middleware.ts";
import type { ModelsDeps } from "./models-routes.ts";

/** Ollama's paths that this server does not support. */
const UNSUPPORTED = ["/api/create", "/api/copy", "/api/push", "/api/delete", "/api/blobs"];

const REPLACEMENTS =
  "Models are chosen when the server starts: sluice pull hf:user/repo:quant downloads one, " +
  "sluice --model FILE --alias NAME serves it";

/** All of Ollama's API. Its own examples send no content type, or that of a form. */
export const OLLAMA_ROUTES = /^\/api\//i;

export const OLLAMA_PATHS = [
  ...["/api/tags", "/api/ps", "/api/version"],
  ...[ollamaShow.path, ollamaPull.path],
];

export type OllamaDeps = ModelsDeps & { readonly isStrict: boolean };

export function mountOllama(app: Express, deps: OllamaDeps, readJson: ReadJson): void {
  mountGet(app, "/api/tags", (_req, res) => void res.json(encodeModels(servedBy(deps))));
  mountGet(app, "/api/ps", (_req, res) => void res.json(encodeRunning(servedBy(deps))));
  mountGet(app, "/api/version", (_req, res) => void res.json({ version: OLLAMA_VERSION }));
  const showing = answerAbout(ollamaShow, deps, (name) => encodeModel(findServed(name, deps)));
  mountPost(app, ollamaShow.path, readJson(showing));
  mountPost(
    app,
    ollamaPull.path,
    readJson(answerAbout(ollamaPull, deps, (name) => pull(name, deps))),
  );
  app.use(UNSUPPORTED, refuseUnsupported);
}

/** All models, each under each of its names. */
function servedBy({ models, ...deps }: OllamaDeps): readonly OllamaServedModel[] {
  return models.all.flatMap((each) => each.spec.names.map((id) => servedModel(id, each, deps)));
}

function servedModel(
  id: string,
  model: OfferedModel,
  { fleet, startedAtSeconds }: Pick<OllamaDeps, "fleet" | "startedAtSeconds">,
): OllamaServedModel {
  return { id, state: describeModel(model, fleet), startedAtSeconds };
}

/** @throws ServiceError `model_not_found` */
function findServed(name: string, deps: OllamaDeps): OllamaServedModel {
  const { id, model } = deps.models.find(name);
  return servedModel(id, model, deps);
}

function answerAbout(
  route: ModelRoute,
  { isStrict }: OllamaDeps,
  answer: (name: string) => object,
): RequestHandler {
  return (req, res) => {
    const asked = route.parse(req.body);
    refuseUnknown(asked, isStrict);
    const body = answer(asked.model);
    nameIgnored(res, asked);
    res.json(body);
  };
}

function pull(name: string, deps: OllamaDeps): object {
  try {
    findServed(name, deps);
    return { status: "success" };
  } catch (error) {
    throw withHint(error);
  }
}

function withHint(error: unknown): unknown {
  if (!(error instanceof ServiceError)) return error;
  const { code, message, field, param } = error;
  const whole = `${message}. ${REPLACEMENTS}`;
  return new ServiceError(code, whole, { cause: error, field, param });
}

function refuseUnsupported({ method, baseUrl }: Request): void {
  throw new ServiceError("not_found", `${method} ${baseUrl} is not supported. ${REPLACEMENTS}`);
}
