// /health: whether the process serves requests. /ready: whether it can generate. Public, for load balancers.

import type { Express } from "express";
import type { Readiness } from "../../api/sluice/server-answers.ts";
import type { EngineState } from "../../generation/model-info.ts";
import type { ModelList } from "../../models/model-list.ts";
import type { GeneratingModel } from "../../models/names/offered-model.ts";
import type { Admissions } from "../../queue/admissions.ts";
import { mountGet } from "../server/middleware.ts";

export type HealthDeps = {
  readonly queue: Admissions;
  readonly models: Pick<ModelList, "all" | "default" | "resolve">;
};

export function mountHealth(app: Express, deps: HealthDeps): void {
  mountGet(app, "/health", (_req, res) => void res.json({ status: "ok" }));
  mountGet(app, "/ready", (_req, res) => {
    const readiness = readinessOf(deps);
    res.status(readiness.status === "ready" ? 200 : 503).json(readiness);
  });
}

/** Ready to generate with the default model, or to load it when a request needs it. */
function readinessOf({ models, queue }: HealthDeps): Readiness {
  const { id, model } = models.resolve(null);
  const { loadProgress, reason } = model.engine.status();
  const state = stateOf(model);
  return {
    status: queue.isDraining ? "draining" : state,
    model: id,
    load_progress: state === "ready" ? 1 : loadProgress,
    reason: model.failure?.message ?? reason,
    slots_busy: queue.busy,
    queue_length: queue.waiting,
    worker_restarts: workerRestartsOf(models),
  };
}

/** A model that was unloaded for others is ready: a request loads it again. */
function stateOf({ engine, info, failure }: GeneratingModel): EngineState {
  const { state } = engine.status();
  if (state === "restarting" || state === "closed") return state;
  if (failure) return "failed";
  return info ? "ready" : "loading";
}

function workerRestartsOf({ all }: Pick<ModelList, "all">): number {
  const counts = all.map(({ generating }) => generating?.engine.status().workerRestarts ?? 0);
  return counts.reduce((sum, count) => sum + count, 0);
}
