// /v1/models: all models, each under each of its names, with its state; in Anthropic's form for its clients.

import type { Express, NextFunction, Request, Response } from "express";
import { encodeAnthropicError } from "../../api/anthropic/errors.ts";
import {
  anthropicModelsQuery,
  anthropicPage,
  encodeAnthropicModel,
} from "../../api/anthropic/models.ts";
import { encodeModel, type Model } from "../../api/sluice/models.ts";
import { describeModel } from "../../models/describe-model.ts";
import type { Fleet } from "../../models/fleet/fleet.ts";
import type { ModelList } from "../../models/model-list.ts";
import type { OfferedModel } from "../../models/names/offered-model.ts";
import { allowedModels } from "../server/allowed-models.ts";
import { methodNotAllowed, mountGet } from "../server/middleware.ts";
import { localsOf } from "../server/response-locals.ts";
import { checkedQuery } from "./checked-query.ts";

export const MODEL_PATH = "/v1/models/*id";

export type ModelsDeps = {
  readonly models: ModelList;
  readonly fleet: Fleet;
  readonly startedAtSeconds: number;
};

/** Goes before the authentication middleware, so that its errors have Anthropic's envelope. */
export function useAnthropicModels(app: Express): void {
  app.use("/v1/models", (req: Request, res: Response, next: NextFunction) => {
    if (isForAnthropic(req)) localsOf(res).encodeError = encodeAnthropicError;
    next();
  });
}

/** All of Anthropic's clients send this header, and no others. */
function isForAnthropic(req: Request): boolean {
  return req.get("anthropic-version") !== undefined;
}

export function mountModels(app: Express, deps: ModelsDeps & { readonly isStrict: boolean }): void {
  mountGet(app, "/v1/models", (req, res) => {
    const data = allowedModels(res, deps.models).all.flatMap((each) =>
      modelObjects(each.names, each, deps),
    );
    res.vary("anthropic-version");
    if (!isForAnthropic(req)) return void res.json({ object: "list", data });
    const query = checkedQuery(req, res, anthropicModelsQuery, deps.isStrict);
    res.json(anthropicPage(data.map(forAnthropic), query));
  });
  app.get(MODEL_PATH, (req, res) => {
    const { id, model } = allowedModels(res, deps.models).find(modelIdIn(req));
    const described = modelObject(id, model, deps);
    res.vary("anthropic-version");
    res.json(isForAnthropic(req) ? forAnthropic(described) : described);
  });
  app.all(MODEL_PATH, methodNotAllowed("GET, DELETE")); // DELETE: model-admin-routes.ts
}

/** The name in the path of one model. It may contain slashes. */
export function modelIdIn({ params }: Request): string {
  return [params.id ?? []].flat().join("/");
}

/** @param id the name under which it is asked for */
export function modelObject(id: string, model: OfferedModel, deps: ModelsDeps): Model {
  return encodeModel(id, deps.startedAtSeconds, describeModel(model, deps.fleet));
}

/** The model under several of its names. Describing it reads its file's size, so that happens once. */
function modelObjects(ids: readonly string[], model: OfferedModel, deps: ModelsDeps): Model[] {
  const state = describeModel(model, deps.fleet);
  return ids.map((id) => encodeModel(id, deps.startedAtSeconds, state));
}

function forAnthropic({ id, created, meta }: Model) {
  return encodeAnthropicModel({ id, createdAtSeconds: created, contextTokens: meta.n_ctx });
}
