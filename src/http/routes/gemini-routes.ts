// Gemini's API beside its dialects: the model list, the error envelope, and the two versions of its paths.
// https://ai.google.dev/api/models

import type { Express, NextFunction, Request, Response } from "express";
import { encodeGeminiError } from "../../api/gemini/errors.ts";
import { geminiStream } from "../../api/gemini/generate.ts";
import {
  describeGeminiModel,
  type GeminiModel,
  geminiModelQuery,
  geminiModelsQuery,
  pageOf,
} from "../../api/gemini/models.ts";
import { invalidValue } from "../../api/shared/refusals.ts";
import { allowedModels } from "../server/allowed-models.ts";
import { methodNotAllowed, mountGet, useEnvelope } from "../server/middleware.ts";
import { localsOf } from "../server/response-locals.ts";
import { BARE_SSE, jsonArray } from "../stream/framing.ts";
import { checkedQuery } from "./checked-query.ts";
import type { ModelsDeps } from "./models-routes.ts";
import { modelInPath, routeOf } from "./path-model.ts";

const MODELS = "/v1beta/models";
const MODEL = routeOf(`${MODELS}/{model}`);
/** The method of a model, behind its name, which may contain a colon too. */
const METHOD = /:(generateContent|streamGenerateContent|countTokens)$/;

export type GeminiDeps = Pick<ModelsDeps, "models"> & { readonly isStrict: boolean };

/** Goes before the authentication middleware, so that its errors have Gemini's envelope. */
export function useGemini(app: Express): void {
  app.use(stableVersion);
  app.use("/v1beta", useEnvelope(encodeGeminiError));
  app.use(routeOf(geminiStream.path), chooseFormat);
}

/** Serves `/v1/models/{model}:generateContent` and the like as /v1beta. OpenAI's API has no such paths. */
function stableVersion(req: Request, _res: Response, next: NextFunction): void {
  const isOurs = req.path.startsWith("/v1/models/") && METHOD.test(req.path);
  if (isOurs) req.url = req.url.replace("/v1/", "/v1beta/");
  next();
}

export function mountGemini(app: Express, deps: GeminiDeps): void {
  mountGet(app, MODELS, (req, res) => {
    const query = checkedQuery(req, res, geminiModelsQuery, deps.isStrict);
    const allowed = allowedModels(res, deps.models);
    const models = allowed.ids.map((id) => describe(id, deps));
    res.json(pageOf(models, query));
  });
  app.get(MODEL, (req, res, next) => {
    if (METHOD.test(req.path)) return next();
    checkedQuery(req, res, geminiModelQuery, deps.isStrict);
    const { model = null } = modelInPath(req);
    res.json(describe(allowedModels(res, deps.models).resolve(model).id, deps));
  });
  app.all(MODEL, (req, res, next) => {
    if (isMethodCall(req)) return next();
    return methodNotAllowed("GET")(req, res, next);
  });
}

/** Unknown methods too: the last handler answers them with 404. */
function isMethodCall({ method, path }: Request): boolean {
  return METHOD.test(path) || (method === "POST" && /:\w+$/.test(path));
}

/** Without `alt=sse` a stream is a JSON array, errors included, as Google's is. A WebSocket uses another format. */
function chooseFormat({ method, query }: Request, res: Response, next: NextFunction): void {
  const locals = localsOf(res);
  if (method !== "POST" || locals.streamFormat) return next();
  const form = query.alt ?? query.$alt ?? "json";
  if (form === "sse") locals.streamFormat = BARE_SSE;
  else if (/^json(;|$)/.test(String(form))) {
    locals.streamFormat = jsonArray();
    locals.encodeError = (error, requestId) => [encodeGeminiError(error, requestId)];
  } else throw invalidValue("alt", "must be sse (server-sent events) or json (a JSON array)");
  next();
}

function describe(id: string, { models }: GeminiDeps): GeminiModel {
  return describeGeminiModel(id, models.resolve(id).model.info?.contextTokens ?? null);
}
