// What is served: the model that generates under each of its names, and those for embeddings and ranking, if they are others.
// https://platform.openai.com/docs/api-reference/models , and `meta` as llama.cpp's server has it.

import type { Express } from "express";
import type { Model } from "../../api/own/server-answers.ts";
import type { EmbeddingService, HandlerDeps } from "../generate/exchange.ts";
import { methodNotAllowed } from "../server/middleware.ts";

export function mountModels(app: Express, deps: HandlerDeps): void {
  const others = [deps.embeddings, deps.reranking].filter(
    ({ catalog }, index, all) =>
      !deps.catalog.ids.includes(catalog.realId) &&
      all.findIndex((each) => each.catalog.realId === catalog.realId) === index,
  );
  app.get("/v1/models", (_req, res) => {
    const data = [
      ...deps.catalog.ids.map((id) => describeServed(id, deps)),
      ...others.map((other) => describeOther(other, deps)),
    ];
    res.json({ object: "list", data });
  });
  app.get("/v1/models/*id", (req, res) => {
    const name = [req.params.id].flat().join("/");
    const other = others.find(({ catalog }) => catalog.realId === name);
    res.json(other ? describeOther(other, deps) : describeServed(deps.catalog.resolve(name), deps));
  });
  app.all(["/v1/models", "/v1/models/*id"], methodNotAllowed("GET"));
}

function describeServed(id: string, { engine, startedAtSeconds }: HandlerDeps): Model {
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

/** Loaded when it is needed. */
function describeOther(
  { engine, catalog }: EmbeddingService,
  { startedAtSeconds }: HandlerDeps,
): Model {
  const state = engine.workerPid === null ? "unloaded" : "ready";
  return { ...head(catalog.realId, startedAtSeconds), meta: { state } };
}

function head(id: string, created: number) {
  return { id, object: "model", created, owned_by: "sluice" } as const;
}
