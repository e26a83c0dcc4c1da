// The table of every path: which middleware and which handler serve it, in order, and what each of them gets.

import express, { type Express, type RequestHandler } from "express";
import { encodeLlamaCppError } from "../../api/llama-cpp/errors.ts";
import { encodeOllamaError } from "../../api/ollama/errors.ts";
import type { Index } from "../../api/sluice/server-answers.ts";
import { DIALECTS, EMBEDDING_APIS } from "../../api/wire-formats.ts";
import type { Audit } from "../../journal/audit.ts";
import type { Scope } from "../../keys/caller.ts";
import type { Credentials } from "../../keys/credentials.ts";
import type { TokenBudgets } from "../../queue/token-budgets.ts";
import { type EmbeddingDeps, embeddingHandler } from "../embeddings/embedding-handler.ts";
import { type GenerateHandlerDeps, generateHandler } from "../generate/generate-handler.ts";
import { STREAMS_PATH } from "../generate/sinks.ts";
import { allowedModels } from "../server/allowed-models.ts";
import type { BodyMemory } from "../server/body-memory.ts";
import { checkHost } from "../server/host-guard.ts";
import { jsonBody, type ReadJson } from "../server/json-body.ts";
import {
  closeWhileDraining,
  errorMapper,
  mountGet,
  mountPost,
  notFound,
  requestId,
  requireApiKey,
  requireScope,
  type TraceOf,
  traced,
  useEnvelope,
} from "../server/middleware.ts";
import { checkOrigin } from "../server/origin-guard.ts";
import { recordActs } from "../server/record-acts.ts";
import { ownerOf } from "../server/response-locals.ts";
import { noSniff } from "../server/security-headers.ts";
import type { WebSockets } from "../websocket/websocket.ts";
import { type DocsDeps, mountDocs } from "./docs-routes.ts";
import { type GeminiDeps, mountGemini, useGemini } from "./gemini-routes.ts";
import { type HealthDeps, mountHealth } from "./health-routes.ts";
import {
  allowanceHeaders,
  METRICS_PATH,
  type MetricsDeps,
  mountMetrics,
  mountUsage,
  USAGE_PATH,
  type UsageDeps,
} from "./key-routes.ts";
import { LOAD_REPORT_PATH, type LoadReportDeps, mountLoadReport } from "./load-report-route.ts";
import { MODEL_ADMIN_PATHS, type ModelAdminDeps, mountModelAdmin } from "./model-admin-routes.ts";
import { type ModelsDeps, mountModels, useAnthropicModels } from "./models-routes.ts";
import {
  mountOllama,
  OLLAMA_ADMIN_PATHS,
  OLLAMA_PATHS,
  OLLAMA_ROUTES,
  type OllamaDeps,
} from "./ollama-routes.ts";
import { mountPage } from "./page-routes.ts";
import { routeOf } from "./path-model.ts";
import { mountPulls, PULL_PATHS, type PullRoutesDeps } from "./pull-routes.ts";
import {
  mountQuestions,
  QUESTION_EXPRESS_ROUTES,
  QUESTION_PATHS,
  type QuestionRoutesDeps,
} from "./question-routes.ts";
import { mountRequests } from "./requests-routes.ts";
import { mountResponses, type ResponsesDeps } from "./responses-routes.ts";
import { mountState, STATE_PATHS, type StateDeps } from "./state-routes.ts";
import { type StreamsDeps, streamRoutes } from "./streams-routes.ts";

type GuardOptions = {
  /** Host names of this server besides localhost and IP addresses; `*` allows any. */
  readonly hostNames: readonly string[];
  /** Other origins whose pages may use the API. */
  readonly corsOrigins: readonly string[];
  /** Express's `trust proxy`; undefined to trust no proxy. */
  readonly trustProxy: number | readonly string[] | undefined;
};

/** The sum of the needs that the routes declare: each function below takes only its own part. */
export type AppDeps = GuardOptions &
  DocsDeps &
  HealthDeps &
  MetricsDeps &
  LoadReportDeps &
  Omit<UsageDeps, "queues"> &
  ModelsDeps &
  ModelAdminDeps &
  PullRoutesDeps &
  GeminiDeps &
  OllamaDeps &
  GenerateHandlerDeps &
  EmbeddingDeps &
  QuestionRoutesDeps &
  StateDeps &
  ResponsesDeps &
  StreamsDeps & {
    readonly keys: Credentials;
    /** Null if no traces are sent. */
    readonly traceOf: TraceOf | null;
    readonly bodyLimitBytes: number;
    /** For the bodies of all requests together. */
    readonly bodyMemory: BodyMemory;
    readonly tokenBudgets: TokenBudgets;
    /** Null for none. */
    readonly audit: Pick<Audit, "acted"> | null;
    readonly webSockets: WebSockets;
    /** The folder of the built chat page; null to serve no page. */
    readonly pageFolder: string | null;
  };

const GENERATING = DIALECTS.map(({ path }) => path);
/** The same in Express syntax. */
const GENERATING_ROUTES = GENERATING.map(routeOf);
const EMBEDDING = EMBEDDING_APIS.flatMap(({ paths }) => paths);
/** The paths that a 404 may suggest, of all that accept a POST. */
const ANSWERED = [...GENERATING, ...EMBEDDING_APIS.map(({ paths: [path] }) => path)];
const MODEL_PATHS = ["/v1/models", "/v1/models/{id}", "/v1beta/models", "/v1beta/models/{model}"];
const ADMIN_PATHS = [...MODEL_ADMIN_PATHS, ...PULL_PATHS];
const NATIVE_PATHS = [...QUESTION_PATHS, ...STATE_PATHS];

/** What administrators do there, and the attempts of others, is audited. Models are deleted at `/v1/models/NAME`. */
const ACT_PATHS = ["/v1/models", "/api/pull", ...OLLAMA_ADMIN_PATHS];

/** The scope that a key needs for a path and everything below it. Every key may use the other paths. */
const SCOPES: readonly (readonly [Scope, readonly string[]])[] = [
  ["generate", [...GENERATING_ROUTES, ...QUESTION_EXPRESS_ROUTES, STREAMS_PATH]],
  ["embed", EMBEDDING],
  ["read", [...STATE_PATHS, METRICS_PATH, LOAD_REPORT_PATH]],
  ["admin", [...ADMIN_PATHS, ...OLLAMA_ADMIN_PATHS]],
];

export function createApp(parts: AppDeps): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("trust proxy", parts.trustProxy ?? false);
  const readJson = jsonBody({
    limitBytes: parts.bodyLimitBytes,
    memory: parts.bodyMemory,
    ownerOf: (req, res) => (parts.keys.isOpen ? (req.ip ?? "") : ownerOf(res)),
    untypedPaths: OLLAMA_ROUTES,
  });
  // Headers of every answer, errors included.
  app.use(requestId(), traced(parts.traceOf), noSniff());
  app.use(withVersion);
  app.use(closeWhileDraining(() => parts.queue.isDraining));
  useEnvelopes(app);
  app.use(checkHost(parts.hostNames), checkOrigin(parts.corsOrigins));
  const streams = streamRoutes(parts);
  mountPublic(app, parts);
  streams.mountByToken(app);
  useKeys(app, parts);
  mountPulls(app, parts, readJson);
  mountModelAdmin(app, parts, readJson);
  mountInformation(app, parts);
  mountGenerating(app, parts, readJson);
  mountEmbeddings(app, parts, readJson);
  mountQuestions(app, parts, readJson);
  mountState(app, parts);
  mountOllama(app, parts, readJson);
  mountResponses(app, parts);
  streams.mountByOwner(app);
  app.use(
    notFound([
      "/v1/models",
      USAGE_PATH,
      LOAD_REPORT_PATH,
      ...ADMIN_PATHS,
      ...ANSWERED,
      ...NATIVE_PATHS,
      ...OLLAMA_PATHS,
    ]),
  );
  app.use(errorMapper(parts.journal));
  return app;
}

/** Paths of OpenAI's API that llama.cpp's server also serves without the version. */
const UNVERSIONED = /^\/(chat\/completions|completions|responses|embeddings|models)(?=[/?]|$)/;

/** Serves `/chat/completions` and the like as `/v1/chat/completions`, whatever the method. */
const withVersion: RequestHandler = (req, _res, next) => {
  if (UNVERSIONED.test(req.url)) req.url = `/v1${req.url}`;
  next();
};

/** Goes before everything that may refuse a request: each API has its own error envelope. */
function useEnvelopes(app: Express): void {
  app.use("/api", useEnvelope(encodeOllamaError));
  app.use("/apply-template", useEnvelope(encodeLlamaCppError));
  for (const { path, encodeError } of DIALECTS) app.use(routeOf(path), useEnvelope(encodeError));
  useAnthropicModels(app);
  useGemini(app);
}

/** The routes before the authentication middleware: public, or with their own check. */
function mountPublic(app: Express, parts: AppDeps): void {
  mountHealth(app, parts);
  mountDocs(app, parts);
  mountPage(app, parts.pageFolder);
  parts.webSockets.mount(app);
}

function useKeys(
  app: Express,
  { keys, tokenBudgets, audit }: Pick<AppDeps, "keys" | "tokenBudgets" | "audit">,
): void {
  app.use(requireApiKey(keys));
  if (audit)
    app.use(
      [...ACT_PATHS],
      recordActs((act) => audit.acted(act)),
    );
  for (const [scope, paths] of SCOPES) app.use([...paths], requireScope(scope));
  app.use([...GENERATING_ROUTES, ...EMBEDDING], allowanceHeaders(tokenBudgets));
}

function mountInformation(app: Express, parts: AppDeps): void {
  const { models, queue, embeddingQueue } = parts;
  mountGet(app, "/", (_req, res) => void res.json(indexOf(allowedModels(res, models).ids)));
  mountMetrics(app, parts);
  mountLoadReport(app, parts);
  mountModels(app, parts);
  const queues = new Set([queue, embeddingQueue]);
  mountUsage(app, { ...parts, queues });
  mountRequests(app, queues);
  mountGemini(app, parts);
}

function mountGenerating(app: Express, deps: GenerateHandlerDeps, readJson: ReadJson): void {
  for (const dialect of DIALECTS)
    mountPost(app, routeOf(dialect.path), readJson(generateHandler(dialect, deps)));
}

function mountEmbeddings(app: Express, deps: EmbeddingDeps, readJson: ReadJson): void {
  for (const api of EMBEDDING_APIS)
    mountPost(app, [...api.paths], readJson(embeddingHandler(api, deps)));
}

function indexOf(models: readonly string[]): Index {
  const endpoints = [
    ...MODEL_PATHS,
    ...ADMIN_PATHS,
    `/v1/models/pulls/{id}`,
    ...GENERATING,
    ...EMBEDDING,
    ...NATIVE_PATHS,
    ...OLLAMA_PATHS,
    "/v1/responses/{id}",
    "/v1/responses/{id}/cancel",
    "/v1/responses/{id}/input_items",
    `${STREAMS_PATH}/{id}`,
    "/v1/requests",
    "/v1/requests/{id}",
    USAGE_PATH,
    "/v1/ws",
    "/health",
    "/ready",
    METRICS_PATH,
    LOAD_REPORT_PATH,
    "/openapi.json",
    "/docs",
  ];
  return { name: "sluice", models, endpoints };
}
