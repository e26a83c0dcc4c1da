// The table of every path.

import express, { type Express, type Response } from "express";
import { encodeOllamaError } from "../../api/ollama/errors.ts";
import { rerank } from "../../api/openai/rerank.ts";
import type { Index, Readiness } from "../../api/own/server-answers.ts";
import { DIALECTS, EMBEDDING_APIS } from "../../api/wire-formats.ts";
import type { Scope } from "../../keys/caller.ts";
import { embeddingHandler } from "../embeddings/embedding-handler.ts";
import type { HandlerDeps } from "../generate/exchange.ts";
import { generateHandler } from "../generate/generate-handler.ts";
import { STREAMS_PATH } from "../generate/resumable-answer.ts";
import type { BodyMemory } from "../server/body-memory.ts";
import { checkHost } from "../server/host-guard.ts";
import { jsonBody } from "../server/json-body.ts";
import {
  closeWhileDraining,
  errorMapper,
  methodNotAllowed,
  notFound,
  ownerOf,
  requestId,
  requireApiKey,
  requireScope,
  useEnvelope,
} from "../server/middleware.ts";
import { checkOrigin } from "../server/origin-guard.ts";
import { noSniff } from "../server/security-headers.ts";
import type { WebSockets } from "../websocket/websocket.ts";
import { mountDocs } from "./docs-routes.ts";
import { mountGemini, useGemini } from "./gemini-routes.ts";
import {
  allowanceHeaders,
  METRICS_PATH,
  mountMetrics,
  mountUsage,
  USAGE_PATH,
} from "./key-routes.ts";
import {
  ASKING_EXPRESS_ROUTES,
  ASKING_PATHS,
  mountNativeRoutes,
  STATE_PATHS,
} from "./llama-cpp-routes.ts";
import { mountModels } from "./models-routes.ts";
import { mountOllama, OLLAMA_PATHS } from "./ollama-routes.ts";
import { mountPage } from "./page-routes.ts";
import { routeOf } from "./path-model.ts";
import { mountRequests } from "./requests-routes.ts";
import { mountResponses } from "./responses-routes.ts";
import { mountStreams, mountStreamsByToken } from "./streams-routes.ts";

export type RoutesOptions = {
  readonly bodyLimitBytes: number;
  /** Of all bodies together. */
  readonly bodyMemory: BodyMemory;
  /** Names of this server, besides localhost and addresses. */
  readonly hostNames: readonly string[];
  /** Whose pages may use it. */
  readonly corsOrigins: readonly string[];
  readonly webSockets: WebSockets;
  /** Of the built chat page; null for none. */
  readonly pageFolder: string | null;
  /** As of Express; undefined to believe nobody. */
  readonly trustProxy: number | readonly string[] | undefined;
};

const GENERATING = DIALECTS.map(({ path }) => path);
/** As Express has them. */
const GENERATING_ROUTES = GENERATING.map(routeOf);
const EMBEDDING = EMBEDDING_APIS.flatMap(({ paths }) => paths);
/** Paths that are listed, of all that take a POST. */
const ANSWERED = [...GENERATING, ...EMBEDDING_APIS.map(({ paths: [path] }) => path)];
const NATIVE_PATHS = [...ASKING_PATHS, ...STATE_PATHS];

/** What a key needs for a path, and for all below it. What is not here (models, its own usage and requests) every key may ask. */
const SCOPES: readonly (readonly [Scope, readonly string[]])[] = [
  ["generate", [...GENERATING_ROUTES, ...ASKING_EXPRESS_ROUTES, STREAMS_PATH]],
  ["embed", EMBEDDING],
  ["read", [...STATE_PATHS, METRICS_PATH]],
];

export function createApp(deps: HandlerDeps, options: RoutesOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("trust proxy", options.trustProxy ?? false);
  const { engine, queue, metrics } = deps;
  app.use(requestId());
  app.use(
    noSniff(),
    closeWhileDraining(() => queue.isDraining),
  );
  app.use("/api", useEnvelope(encodeOllamaError));
  for (const { path, encodeError } of DIALECTS) app.use(routeOf(path), useEnvelope(encodeError));
  useGemini(app);
  app.use(checkHost(options.hostNames), checkOrigin(options.corsOrigins));

  app.get("/health", (_req, res) => void res.json({ status: "ok" }));
  app.get("/ready", (_req, res) => sendReady(res, deps));
  app.all(["/health", "/ready"], methodNotAllowed("GET"));
  mountDocs(app, deps.build);
  mountPage(app, options.pageFolder);

  options.webSockets.mount(app);
  mountStreamsByToken(app, deps);
  app.use(requireApiKey(deps.keys));
  for (const [scope, paths] of SCOPES) app.use([...paths], requireScope(scope));
  app.use([...GENERATING_ROUTES, ...EMBEDDING], allowanceHeaders(deps.tokenBudgets));
  app.get("/", (_req, res) => void res.json(indexOf(deps)));
  app.all("/", methodNotAllowed("GET"));
  mountMetrics(app, deps);
  mountModels(app, deps);
  mountUsage(app, deps);
  mountGemini(app, deps);

  const readJson = jsonBody({
    limitBytes: options.bodyLimitBytes,
    memory: options.bodyMemory,
    ownerOf: (req, res) => (deps.keys.isOpen ? (req.ip ?? "") : ownerOf(res)),
  });
  for (const dialect of DIALECTS) {
    const route = routeOf(dialect.path);
    app.post(route, readJson(generateHandler(dialect, deps)));
    app.all(route, methodNotAllowed("POST"));
  }

  for (const api of EMBEDDING_APIS) {
    const service = api === rerank ? deps.reranking : deps.embeddings;
    const paths = [...api.paths];
    app.post(paths, readJson(embeddingHandler(api, service, deps)));
    app.all(paths, methodNotAllowed("POST"));
  }

  mountNativeRoutes(app, deps, readJson);
  mountOllama(app, deps, readJson);
  mountResponses(app, deps);
  mountStreams(app, deps);
  mountRequests(app, deps);

  app.use(notFound(["/v1/models", USAGE_PATH, ...ANSWERED, ...NATIVE_PATHS, ...OLLAMA_PATHS]));
  app.use(errorMapper(deps.log, metrics));
  return app;

  function sendReady(res: Response, { catalog }: HandlerDeps): void {
    const { state, loadProgress, reason, workerRestarts } = engine.status();
    const isReady = state === "ready" && !queue.isDraining;
    const readiness: Readiness = {
      status: queue.isDraining ? "draining" : state,
      model: catalog.realId,
      load_progress: loadProgress,
      reason,
      slots_busy: queue.busy,
      queue_length: queue.waiting,
      worker_restarts: workerRestarts,
    };
    res.status(isReady ? 200 : 503).json(readiness);
  }
}

function indexOf({ catalog }: HandlerDeps): Index {
  const endpoints = [
    ...[
      "/v1/models",
      "/v1/models/{id}",
      "/v1beta/models",
      "/v1beta/models/{model}",
      ...GENERATING,
      ...EMBEDDING,
      ...NATIVE_PATHS,
      ...OLLAMA_PATHS,
    ],
    ...["", "/cancel", "/input_items"].map((below) => `/v1/responses/{id}${below}`),
    ...[`${STREAMS_PATH}/{id}`, "/v1/requests", "/v1/requests/{id}", USAGE_PATH],
    ...["/v1/ws", "/health", "/ready", METRICS_PATH],
    ...["/openapi.json", "/docs"],
  ];
  return { name: "sluice", models: catalog.ids, endpoints };
}
