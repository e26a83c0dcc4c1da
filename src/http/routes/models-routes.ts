// /v1/models: the generating model under each of its names, and the models for embeddings and reranking if they differ.
// https://platform.openai.com/docs/api-reference/models , with the `meta` of llama.cpp's server.

import type { Express } from "express";
import type { Model } from "../../api/sluice/server-answers.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Catalog } from "../../models/catalog.ts";
import type { EmbeddingService } from "../embeddings/embedding-service.ts";
import { mountGet } from "../server/middleware.ts";

export type ModelsDeps = {
  readonly engine: Pick<Engine, "status">;
  readonly catalog: Catalog;
  readonly embeddings: EmbeddingService;
  readonly reranking: EmbeddingService;
  readonly startedAtSeconds: number;
};

export function mountModels(app: Express, deps: ModelsDeps): void {
  const others = [deps.embeddings, deps.reranking].filter(
    ({ catalog }, index, all) =>
      !deps.catalog.ids.includes(catalog.realId) &&
      all.findIndex((each) => each.catalog.realId === catalog.realId) === index,
  );
  mountGet(app, "/v1/models", (_req, res) => {
    const data = [
      ...deps.catalog.ids.map((id) => describeServed(id, deps)),
      ...others.map((other) => describeOther(other, deps)),
    ];
    res.json({ object: "list", data });
  });
  mountGet(app, "/v1/models/*id", (req, res) => {
    const name = [req.params.id].flat().join("/");
    const other = others.find(({ catalog }) => catalog.realId === name);
    res.json(other ? describeOther(other, deps) : describeServed(deps.catalog.resolve(name), deps));
  });
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
