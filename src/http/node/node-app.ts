// The few paths of a node of a cluster: /health, /ready and /metrics. Requests go to its gateways.

import express, { type Express, type RequestHandler } from "express";
import { ServiceError } from "../../errors.ts";
import type { EngineState } from "../../generation/model-info.ts";
import type { Credentials } from "../../keys/credentials.ts";
import { METRICS_PATH, type MetricsDeps, mountMetrics } from "../routes/key-routes.ts";
import { checkHost } from "../server/host-guard.ts";
import {
  errorMapper,
  mountGet,
  requestId,
  requireApiKey,
  requireScope,
} from "../server/middleware.ts";
import { noSniff } from "../server/security-headers.ts";

/** Longer paths are shortened in errors. */
const MAX_PATH_CHARS = 100;

/** The state of a node, as a load balancer or a supervisor reads it. */
export type NodeReadiness = {
  /** `ready`: gateways can use it. `disconnected`: it has no connection to NATS. */
  readonly status: EngineState | "draining" | "disconnected";
  readonly node: string;
  readonly models: readonly {
    readonly model: string;
    readonly status: EngineState;
    /** Why it is `failed` or `restarting`; null otherwise. */
    readonly reason: string | null;
  }[];
};

export type NodeAppDeps = MetricsDeps & {
  readonly keys: Credentials;
  readonly hostNames: readonly string[];
  readonly journal: Parameters<typeof errorMapper>[0];
  readonly readiness: () => NodeReadiness;
};

export function createNodeApp(deps: NodeAppDeps): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.use(requestId(), noSniff(), checkHost(deps.hostNames));
  mountGet(app, "/health", (_req, res) => void res.json({ status: "ok" }));
  mountGet(app, "/ready", (_req, res) => {
    const readiness = deps.readiness();
    res.status(readiness.status === "ready" ? 200 : 503).json(readiness);
  });
  app.use(requireApiKey(deps.keys));
  app.use(METRICS_PATH, requireScope("read"));
  mountMetrics(app, deps);
  app.use(notHere);
  app.use(errorMapper(deps.journal));
  return app;
}

const notHere: RequestHandler = ({ method, path }) => {
  const message = `there is no ${method} ${path.slice(0, MAX_PATH_CHARS)} on a node; it has /health, /ready and /metrics, and a gateway takes requests`;
  throw new ServiceError("not_found", message);
};
