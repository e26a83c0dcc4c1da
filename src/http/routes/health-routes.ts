// /health: whether the process serves requests. /ready: whether it can generate. Public, for load balancers.

import type { Express } from "express";
import type { Readiness } from "../../api/sluice/server-answers.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Catalog } from "../../models/catalog.ts";
import type { Admissions } from "../../queue/admissions.ts";
import { mountGet } from "../server/middleware.ts";

export type HealthDeps = {
  readonly engine: Pick<Engine, "status">;
  readonly queue: Admissions;
  readonly catalog: Catalog;
};

export function mountHealth(app: Express, deps: HealthDeps): void {
  mountGet(app, "/health", (_req, res) => void res.json({ status: "ok" }));
  mountGet(app, "/ready", (_req, res) => {
    const readiness = readinessOf(deps);
    res.status(readiness.status === "ready" ? 200 : 503).json(readiness);
  });
}

function readinessOf({ engine, queue, catalog }: HealthDeps): Readiness {
  const { state, loadProgress, reason, workerRestarts } = engine.status();
  return {
    status: queue.isDraining ? "draining" : state,
    model: catalog.realId,
    load_progress: loadProgress,
    reason,
    slots_busy: queue.busy,
    queue_length: queue.waiting,
    worker_restarts: workerRestarts,
  };
}
