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
  readonly models: Pick<ModelList, "all" | "ids" | "resolve">;
  /** Why a gateway of a cluster takes no requests; null if it does, and for a server alone. */
  readonly clusterProblem: () => ClusterProblem | null;
};

type ClusterProblem = {
  /** `restarting`: it has no connection to the cluster. */
  readonly status: "standby" | "restarting";
  readonly reason: string;
};

export function mountHealth(app: Express, deps: HealthDeps): void {
  mountGet(app, "/health", (_req, res) => void res.json({ status: "ok" }));
  mountGet(app, "/ready", (_req, res) => {
    const readiness = readinessOf(deps);
    res.status(readiness.status === "ready" ? 200 : 503).json(readiness);
  });
}

/** Ready to generate with the default model, or to load it when a request needs it. */
function readinessOf({ models, queue, clusterProblem }: HealthDeps): Readiness {
  const model = defaultModel(models);
  const problem = clusterProblem();
  return {
    ...model,
    ...(problem ?? {}),
    ...(queue.isDraining ? { status: "draining" } : {}),
    slots_busy: queue.busy,
    queue_length: queue.waiting,
    worker_restarts: workerRestartsOf(models),
  };
}

function defaultModel(
  models: HealthDeps["models"],
): Pick<Readiness, "status" | "model" | "load_progress" | "reason"> {
  if (models.ids.length === 0)
    return {
      status: "loading",
      model: null,
      load_progress: 0,
      reason: "no node serves a model yet",
    };
  const { id, model } = models.resolve(null);
  const { loadProgress, reason } = model.engine.status();
  const status = stateOf(model);
  return {
    status,
    model: id,
    load_progress: status === "ready" ? 1 : loadProgress,
    reason: model.failure?.message ?? reason,
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
