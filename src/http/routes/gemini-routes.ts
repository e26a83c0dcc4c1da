// What Gemini's API has beside its dialects: what is served, its envelope for all that is wrong, and two ways of its paths.
// https://ai.google.dev/api/models

import type { Express, Request, RequestHandler } from "express";
import { encodeGeminiError } from "../../api/gemini/errors.ts";
import { geminiStream } from "../../api/gemini/generate.ts";
import {
  describeGeminiModel,
  type GeminiModel,
  geminiModelQuery,
  geminiModelsQuery,
  pageOf,
} from "../../api/gemini/models.ts";
import { ServiceError } from "../../errors.ts";
import type { HandlerDeps } from "../generate/exchange.ts";
import { methodNotAllowed, useEnvelope } from "../server/middleware.ts";
import { checkedQuery } from "./checked-query.ts";
import { modelInPath, routeOf } from "./path-model.ts";

const MODELS = "/v1beta/models";
const MODEL = routeOf(`${MODELS}/{model}`);
/** What is asked of a model. Its name may have a colon too. */
const METHOD = /:(generateContent|streamGenerateContent|countTokens)$/;

/** Before the door, which refuses in the envelope of what is asked. */
export function useGemini(app: Express): void {
  app.use(stableVersion());
  app.use("/v1beta", useEnvelope(encodeGeminiError));
}

/** `/v1/models/{model}:generateContent` and the like: OpenAI's API has nothing there. */
function stableVersion(): RequestHandler {
  return (req, _res, next) => {
    const isOurs = req.path.startsWith("/v1/models/") && METHOD.test(req.path);
    if (isOurs) req.url = req.url.replace("/v1/", "/v1beta/");
    next();
  };
}

export function mountGemini(app: Express, deps: HandlerDeps): void {
  app.use(routeOf(geminiStream.path), requireSse());
  app.get(MODELS, (req, res) => {
    const query = checkedQuery(req, res, geminiModelsQuery, deps);
    const models = deps.catalog.ids.map((id) => describe(id, deps));
    res.json(pageOf(models, query));
  });
  app.get(MODEL, (req, res, next) => {
    if (METHOD.test(req.path)) return next();
    checkedQuery(req, res, geminiModelQuery, deps);
    const { model = null } = modelInPath(req);
    res.json(describe(deps.catalog.resolve(model), deps));
  });
  app.all(MODELS, methodNotAllowed("GET"));
  app.all(MODEL, (req, res, next) => {
    if (asksModel(req)) return next();
    return methodNotAllowed("GET")(req, res, next);
  });
}

/** What is not there is a 404 further on. */
function asksModel({ method, path }: Request): boolean {
  return METHOD.test(path) || (method === "POST" && /:\w+$/.test(path));
}

function requireSse(): RequestHandler {
  return ({ method, query }, _res, next) => {
    if (method !== "POST" || query.alt === "sse") return next();
    throw new ServiceError(
      "invalid_value",
      "alt must be sse (?alt=sse): streams are server-sent events here, and no JSON array",
      { param: "alt" },
    );
  };
}

function describe(id: string, { engine }: HandlerDeps): GeminiModel {
  return describeGeminiModel(id, engine.status().model?.contextTokens ?? null);
}
