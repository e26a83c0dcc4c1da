// Composition root and public API: `createService(config)` builds every layer once, in order. main.ts adds only the command
// around it.

import type { RequestListener } from "node:http";
import path from "node:path";
import { PromptHistory } from "./cache-misses/prompt-history.ts";
import { SchemaCompiler } from "./compile/schema-compiler.ts";
import { packageVersion } from "./config/command-line.ts";
import type { Config } from "./config/config.ts";
import { configWith } from "./config/config-with.ts";
import { openDiskCache } from "./config/disk-cache.ts";
import { readTlsFiles } from "./config/tls-files.ts";
import { createEmbeddings, createEngine, type EngineParts } from "./create-engines.ts";
import type { EmbeddingEngine } from "./engine/embedding-engine.ts";
import type { Engine } from "./engine/engine.ts";
import { ServiceError, stackOf } from "./errors.ts";
import type { EmbeddingService } from "./http/embeddings/embedding-service.ts";
import { createApp } from "./http/routes/routes.ts";
import { BodyMemory } from "./http/server/body-memory.ts";
import { Connections, type HttpServer } from "./http/server/connections.ts";
import { createHttpServer, listen } from "./http/server/http-server.ts";
import { watchSendQueues } from "./http/vanished-clients/send-queue-watch.ts";
import { WebSockets } from "./http/websocket/websocket.ts";
import { ANONYMOUS } from "./keys/caller.ts";
import { KeyRing } from "./keys/key-ring.ts";
import { UsageBook } from "./keys/usage-book.ts";
import { createLogger, type Logger } from "./log.ts";
import { Metrics } from "./metrics.ts";
import { Catalog } from "./models/catalog.ts";
import { Admissions } from "./queue/admissions.ts";
import { TokenBudgets } from "./queue/token-budgets.ts";
import { KeptAnswers } from "./resume/kept-answers.ts";
import { StoredResponses } from "./resume/stored-responses.ts";

export type { Config } from "./config/config.ts";
// biome-ignore lint/performance/noBarrelFile: the package's public API includes parts of other files
export { configWith } from "./config/config-with.ts";
export type { EmbeddingEngine } from "./engine/embedding-engine.ts";
export type { Engine, EngineStatus, GenerateOptions } from "./engine/engine.ts";
export type {
  Finish,
  GenerateEvent,
  ReasoningDelta,
  TextDelta,
  ToolCallDelta,
} from "./generation/events.ts";
export type { PrefillStatus } from "./generation/wait-status.ts";

/** After the drain timeout, connections stay open for this time to send their last frames. */
const LAST_FRAMES_MS = 1_000;
/** Polling interval of the keys file. */
const KEYS_POLL_MS = 1_000;
/** The output of the build: the folder of this file, or ../dist if this file runs from src/. */
const BUILT_FOLDER = path.join(
  import.meta.dirname,
  import.meta.filename.endsWith(".ts") ? "../dist" : ".",
);
/** The compiled file, because a thread cannot run TypeScript. */
const COMPILE_PROGRAM = path.join(BUILT_FOLDER, "compile/thread-main.js");

/**
 * Limits of questions inside the engine: in total, and of one key. The engine computes one at a time, but a long question may
 * have to wait there, and must not block the questions of other keys.
 */
const QUESTION_LIMITS = { slots: 16, slotsPerOwner: 4 };

export type Service = {
  readonly engine: Engine;
  /** The queue for slots. */
  readonly queue: Admissions;
  readonly catalog: Catalog;
  readonly embeddings: EmbeddingService;
  /** The same as `embeddings` where one model does both. */
  readonly reranking: EmbeddingService;
  readonly log: Logger;
  /** Counts an uncaught error and logs it with its stack. */
  readonly report: (error: unknown) => void;
  /**
   * All HTTP routes, to mount at the root of another Express app, before its body parsers, instead of `listen`. The host then has
   * its own server: its TLS, timeouts and connection limits apply, not those of the settings (a client that does not read the rest
   * of an answer is the host's to disconnect), and WebSocket upgrades are the host's too, so /v1/ws is not available.
   */
  readonly app: RequestListener;
  /** Starts listening. @returns the base URL. @throws Error with a `code` such as `EADDRINUSE` */
  listen(): Promise<string>;
  /** Refuses new requests, lets the others finish within the drain timeout, fails the rest, then closes. */
  close(): Promise<void>;
};

export type ServiceParts = {
  /** Replaces the worker process. */
  readonly engine?: Engine;
  /** Replaces the worker processes for embeddings and reranking. */
  readonly embeddingEngine?: EmbeddingEngine;
  readonly log?: Logger;
  /** The folder of the worker programs (default: `worker` beside this file). */
  readonly workerFolder?: string;
};

/**
 * @param settings durations in milliseconds; a missing setting has its default
 * @throws KeysFileError for a keys file that is missing or invalid
 * @throws ConfigError for a setting that is unknown or out of its range, a host that requires a key, TLS files that are no pair, or
 * a folder or key file of the cache on disk that cannot be used
 */
export function createService(settings: Partial<Config> = {}, parts: ServiceParts = {}): Service {
  const config = configWith(settings);
  const tls = readTlsFiles(config);
  const diskCache = openDiskCache(config);
  const log = parts.log ?? createLogger(config);
  const metrics = new Metrics();
  const report = (error: unknown) => {
    metrics.uncaught();
    log.error({ stack: stackOf(error) }, "bug");
  };
  const access = openAccess(config, log);
  const models = createModels({ ...parts, config, diskCache, log, metrics, access });
  const stores = createStores(config);
  metrics.watch({
    slotsBusy: () => models.queue.busy,
    queueLength: () => models.queue.waiting,
    workerRestarts: () => models.engine.status().workerRestarts,
  });
  const bodies = {
    bodyLimitBytes: config.bodyLimit,
    bodyMemory: new BodyMemory(config.bodyMemory),
  };
  const webSockets = new WebSockets({ ...config, ...bodies, keys: access.keys, report });
  const app = createApp({
    ...settingsOf(config),
    ...access,
    ...models,
    ...stores,
    ...bodies,
    socketWatch: watchSendQueues(config.stallTimeoutMs, log),
    webSockets,
    metrics,
    log,
  });
  const connections = new Connections();
  const server = createHttpServer(app, { log, metrics, connections, report }, { ...config, tls });
  webSockets.attach(server, connections);
  return {
    ...models,
    log,
    report,
    app,
    listen: () => listen(server, config),
    close: async () => {
      await close(server, { config, connections, webSockets, models });
      access.keys.close();
      await closeStores(stores);
    },
  };
}

function openAccess(config: Config, log: Logger) {
  const keys = new KeyRing({
    plainKeys: config.apiKey,
    file: config.keysFile ?? null,
    pollMs: KEYS_POLL_MS,
    log: (level, message) => log[level](message),
  });
  const usage = new UsageBook(() => (keys.isOpen ? [ANONYMOUS] : keys.callers));
  return { keys, usage, tokenBudgets: new TokenBudgets() };
}

type Models = ReturnType<typeof createModels>;

type ModelsOptions = ServiceParts &
  EngineParts & { readonly access: ReturnType<typeof openAccess> };

/** The engines, the queues before them, and the names of their models. */
function createModels(options: ModelsOptions) {
  const { config, access } = options;
  const engine = options.engine ?? createEngine(options);
  const fileName = path.basename(config.model, ".gguf");
  const queueOptions = {
    ...config,
    tokenBudgets: access.tokenBudgets,
    maxWaiting: config.queue,
    isShared: () => access.keys.callers.length > 1,
  };
  const busyWith = "other questions are being answered";
  return {
    engine,
    catalog: new Catalog({ fileName, aliases: config.alias }),
    queue: new Admissions(queueOptions),
    /** The queue of questions, which need no slot. */
    questions: new Admissions({ ...queueOptions, ...QUESTION_LIMITS, busyWith }),
    ...createEmbeddings({ ...options, queueOptions, generating: engine }),
  };
}

type Stores = ReturnType<typeof createStores>;

function createStores(config: Config) {
  const { resumeBuffer, resumeGraceMs, responseStore, responseTtlMs } = config;
  return {
    streams: new KeptAnswers({ maxBytes: resumeBuffer, keepMs: resumeGraceMs, isResumable: true }),
    responses: new StoredResponses({ maxBytes: responseStore, keepMs: responseTtlMs }),
    schemas: new SchemaCompiler({ entry: COMPILE_PROGRAM, isOpen: config.openObjects }),
    history: new PromptHistory(),
  };
}

async function closeStores({ streams, responses, schemas }: Stores): Promise<void> {
  responses.answers.close();
  streams.close();
  await schemas.close();
}

/** The settings under the names that the routes use, and the facts about this server that its answers show. */
function settingsOf(config: Config) {
  return {
    ...config,
    isStrict: config.strict,
    hostNames: [config.host, ...config.allowedHost],
    corsOrigins: config.corsOrigin,
    builtFolder: BUILT_FOLDER,
    pageFolder: config.page ? path.join(BUILT_FOLDER, "web") : null,
    startedAtSeconds: Math.floor(Date.now() / 1000),
    build: `sluice ${packageVersion()}`,
    modelFile: path.basename(config.model),
  };
}

type Closing = {
  readonly connections: Connections;
  readonly webSockets: WebSockets;
  readonly config: Config;
  readonly models: Models;
};

/** It keeps listening while it drains: `/ready` reports that, and new requests get a 503 rather than no connection. */
async function close(
  server: HttpServer,
  { config, models, connections, webSockets }: Closing,
): Promise<void> {
  const { engine, queue, questions, embeddings, reranking } = models;
  const queues = new Set([queue, questions, embeddings.queue, reranking.queue]);
  await Promise.all([...queues].map((each) => empty(each, config.drainTimeoutMs)));
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await webSockets.close();
  server.closeIdleConnections();
  const lastFrames = setTimeout(() => connections.destroyAll(), LAST_FRAMES_MS);
  await closed;
  clearTimeout(lastFrames);
  const engines = new Set([engine, embeddings.engine, reranking.engine]);
  await Promise.all([...engines].map((each) => each.close()));
}

async function empty(queue: Admissions, drainTimeoutMs: number): Promise<void> {
  if (await queue.drain(drainTimeoutMs)) return;
  queue.abortAll(new ServiceError("draining", "the server is shutting down"));
  await queue.drain(LAST_FRAMES_MS);
}
