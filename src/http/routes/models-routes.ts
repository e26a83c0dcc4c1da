// /v1/models: the generating model under each of its names, and the models for embeddings and reranking if they differ.
// https://platform.openai.com/docs/api-reference/models , with the `meta` of llama.cpp's server; in Anthropic's form for its clients.

import type { Express, NextFunction, Request, Response } from "express";
import { encodeAnthropicError } from "../../api/anthropic/errors.ts";
import {
  anthropicModelsQuery,
  anthropicPage,
  encodeAnthropicModel,
} from "../../api/anthropic/models.ts";
import type { Model } from "../../api/sluice/server-answers.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Catalog } from "../../models/catalog.ts";
import type { EmbeddingService } from "../embeddings/embedding-service.ts";
import { mountGet } from "../server/middleware.ts";
import { localsOf } from "../server/response-locals.ts";
import { checkedQuery } from "./checked-query.ts";

export type ModelsDeps = {
  readonly engine: Pick<Engine, "status">;
  readonly catalog: Catalog;
  readonly embeddings: EmbeddingService;
  readonly reranking: EmbeddingService;
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
  const others = [deps.embeddings, deps.reranking].filter(
    ({ catalog }, index, all) =>
      !deps.catalog.ids.includes(catalog.realId) &&
      all.findIndex((each) => each.catalog.realId === catalog.realId) === index,
  );
  mountGet(app, "/v1/models", (req, res) => {
    const data = [
      ...deps.catalog.ids.map((id) => describeServed(id, deps)),
      ...others.map((other) => describeOther(other, deps)),
    ];
    res.vary("anthropic-version");
    if (!isForAnthropic(req)) return void res.json({ object: "list", data });
    const query = checkedQuery(req, res, anthropicModelsQuery, deps.isStrict);
    res.json(anthropicPage(data.map(forAnthropic), query));
  });
  mountGet(app, "/v1/models/*id", (req, res) => {
    const name = [req.params.id].flat().join("/");
    const other = others.find(({ catalog }) => catalog.realId === name);
    const model = other
      ? describeOther(other, deps)
      : describeServed(deps.catalog.resolve(name), deps);
    res.vary("anthropic-version").json(isForAnthropic(req) ? forAnthropic(model) : model);
  });
}

function forAnthropic({ id, created, meta }: Model) {
  const contextTokens = "n_ctx" in meta ? meta.n_ctx : null;
  return encodeAnthropicModel({ id, createdAtSeconds: created, contextTokens });
}

function describeServed(id: string, { engine, startedAtSeconds }: ModelsDeps): Model {
  const { model, state } = engine.status();
  return {
    ...head(id, startedAtSeconds),
    meta: {
      state,
      n_ctx: model?.contextTokens ?? null,
      n_ctx_train: model?.trainedContextTokens ?? null,
      size: model?.modelBytes ?? null,
    },
  };
}

/** Such a model is loaded by the first request that needs it. */
function describeOther(
  { engine, catalog }: EmbeddingService,
  { startedAtSeconds }: ModelsDeps,
): Model {
  const state = engine.workerPid === null ? "unloaded" : "ready";
  return { ...head(catalog.realId, startedAtSeconds), meta: { state } };
}

function head(id: string, created: number) {
  return { id, object: "model", created, owned_by: "sluice" } as const;
}
