// Composition root and public API: builds every layer once, in order. `createService(config)` serves; main.ts only adds
// the command around it.

import path from "node:path";
import { SchemaCompiler } from "./compile/schema-compiler.ts";
import { packageVersion } from "./config/command-line.ts";
import { type Config, configWith } from "./config/config.ts";
import { readTlsFiles } from "./config/tls-files.ts";
import type { EmbeddingEngine } from "./engine/embedding-engine.ts";
import type { Engine } from "./engine/engine.ts";
import { createEmbeddings, createEngine } from "./engine-set.ts";
import { ServiceError, stackOf } from "./errors.ts";
import type { EmbeddingService } from "./http/generate/exchange.ts";
import { RunningRequests } from "./http/generate/running-requests.ts";
import { SlotBoard } from "./http/generate/slot-board.ts";
import { createApp } from "./http/routes/routes.ts";
import { BodyMemory } from "./http/server/body-memory.ts";
import { Connections, type HttpServer } from "./http/server/connections.ts";
import { createHttpServer, listen } from "./http/server/http-server.ts";
import { watchSendQueues } from "./http/stream/send-queue-watch.ts";
import { WebSockets } from "./http/websocket/websocket.ts";
import { ANONYMOUS } from "./keys/caller.ts";
import { KeyRing } from "./keys/key-ring.ts";
import { UsageBook } from "./keys/usage-book.ts";
import { createLogger, type Logger } from "./log.ts";
import { Metrics } from "./metrics.ts";
import { Catalog } from "./models/catalog.ts";
import { RequestQueue } from "./queue/request-queue.ts";
import { TokenBudgets } from "./queue/token-budgets.ts";
import { ResponseStore } from "./resume/response-store.ts";
import { StreamStore } from "./resume/stream-store.ts";

// biome-ignore lint/performance/noBarrelFile: the package's public API, which is more than this file's own
export { type Config, configWith } from "./config/config.ts";
export type { EmbeddingEngine } from "./engine/embedding-engine.ts";
export type { Engine, EngineStatus, GenerateOptions } from "./engine/engine.ts";
export type {
  Finish,
  GenerateEvent,
  PromptProgress,
  ReasoningDelta,
  TextDelta,
  ToolCallDelta,
} from "./generation/events.ts";

/** After the drain limit, a connection gets so long to take its last frames. */
const LAST_FRAMES_MS = 1_000;
/** The file of keys is looked at this often. */
const KEYS_POLL_MS = 1_000;
/** What the build makes: beside this file, or seen from src/. */
const BUILT_FOLDER = path.join(
  import.meta.dirname,
  import.meta.filename.endsWith(".ts") ? "../dist" : ".",
);
const PAGE_FOLDER = path.join(BUILT_FOLDER, "web");
/** A thread runs no TypeScript. */
const COMPILE_PROGRAM = path.join(BUILT_FOLDER, "compile/thread-main.js");

/**
 * Questions that the engine has at once, and how many of them of one key. It computes one at a time, but a long one may have to
 * wait in the engine, and must not keep others from getting there.
 */
const ASKED_AT_ONCE = { slots: 16, slotsPerOwner: 4 };

export type Service = {
  readonly engine: Engine;
  readonly queue: RequestQueue;
  readonly catalog: Catalog;
  readonly embeddings: EmbeddingService;
  /** The same as `embeddings` where one model does both. */
  readonly reranking: EmbeddingService;
  readonly log: Logger;
  /** To be told of an error that nothing has caught: it is counted, and logged with its stack. */
  readonly report: (error: unknown) => void;
  /** Starts listening. @returns the base URL. @throws Error with `code` `EADDRINUSE` and the like */
  listen(): Promise<string>;
  /** Takes nothing new, lets what is inside finish within the drain limit, ends the rest with an error, then closes. */
  close(): Promise<void>;
};

export type ServiceParts = {
  /** Instead of the worker process. */
  readonly engine?: Engine;
  /** Instead of the worker processes for vectors and scores. */
  readonly embeddingEngine?: EmbeddingEngine;
  readonly log?: Logger;
  /** Where the workers' programs are (default: beside this file, and compiled like it). */
  readonly workerFolder?: string;
};

/**
 * @param settings durations in milliseconds; what is left out has its default
 * @throws KeysFileError for a file of keys that is not there or not right
 * @throws ConfigError for files of `tlsCert` and `tlsKey` that are no pair
 */
export function createService(settings: Partial<Config> = {}, parts: ServiceParts = {}): Service {
  const config = configWith(settings);
  const tls = readTlsFiles(config);
  const log = parts.log ?? createLogger(config);
  const keys = new KeyRing({
    plainKeys: config.apiKey,
    file: config.keysFile ?? null,
    pollMs: KEYS_POLL_MS,
    log: (level, message) => log[level](message),
  });
  const metrics = new Metrics();
  const report = (error: unknown) => {
    metrics.uncaught();
    log.error({ stack: stackOf(error) }, "bug");
  };
  const engine =
    parts.engine ?? createEngine({ config, log, metrics, workerFolder: parts.workerFolder });
  const catalog = new Catalog({
    fileName: path.basename(config.model, ".gguf"),
    aliases: config.alias,
  });
  const usage = new UsageBook(() => (keys.isOpen ? [ANONYMOUS] : keys.callers));
  const tokenBudgets = new TokenBudgets();
  const line = {
    ...config,
    maxWaiting: config.queue,
    isShared: () => keys.callers.length > 1,
  };
  const queue = new RequestQueue({ ...line, tokenBudgets });
  const questions = new RequestQueue({
    ...line,
    ...ASKED_AT_ONCE,
    tokenBudgets,
    busyWith: "other questions are being answered",
  });
  const { embeddings, reranking } = createEmbeddings({
    config,
    line: { ...line, tokenBudgets },
    log,
    served: engine,
    embeddingEngine: parts.embeddingEngine,
    workerFolder: parts.workerFolder,
  });
  const schemas = new SchemaCompiler({ entry: COMPILE_PROGRAM });
  const streams = new StreamStore({
    graceMs: config.resumeGraceMs,
    maxBytes: config.resumeBuffer,
  });
  const responses = new ResponseStore({
    maxBytes: config.responseStore,
    ttlMs: config.responseTtlMs,
  });
  metrics.watch({
    slotsBusy: () => queue.busy,
    queueLength: () => queue.waiting,
    workerRestarts: () => engine.status().workerRestarts,
  });
  const bodyMemory = new BodyMemory(config.bodyMemory);
  const webSockets = new WebSockets({
    ...config,
    keys,
    bodyLimitBytes: config.bodyLimit,
    memory: bodyMemory,
    report,
  });
  const app = createApp(
    {
      engine,
      queue,
      questions,
      schemas,
      slots: new SlotBoard(config.slots),
      requests: new RunningRequests(),
      responses,
      keys,
      usage,
      tokenBudgets,
      streams,
      sockets: watchSendQueues(config.stallTimeoutMs, log),
      catalog,
      embeddings,
      reranking,
      metrics,
      log,
      startedAtSeconds: Math.floor(Date.now() / 1000),
      build: `sluice ${packageVersion()}`,
      modelFile: path.basename(config.model),
      options: { ...config, maxTokens: config.maxTokens ?? null, isStrict: config.strict },
    },
    {
      bodyLimitBytes: config.bodyLimit,
      bodyMemory,
      hostNames: [config.host, ...config.allowedHost],
      corsOrigins: config.corsOrigin,
      trustProxy: config.trustProxy,
      webSockets,
      pageFolder: config.page ? PAGE_FOLDER : null,
    },
  );
  const connections = new Connections();
  const server = createHttpServer(app, { log, metrics, connections, report }, { ...config, tls });
  webSockets.attach(server, connections);
  return {
    engine,
    queue,
    catalog,
    embeddings,
    reranking,
    log,
    report,
    listen: () => listen(server, config),
    close: async () => {
      await close(server, {
        config,
        connections,
        webSockets,
        queues: new Set([queue, questions, embeddings.queue, reranking.queue]),
        engines: new Set([engine, embeddings.engine, reranking.engine]),
      });
      responses.close();
      keys.close();
      streams.close();
      await schemas.close();
    },
  };
}

type Closing = {
  readonly connections: Connections;
  readonly webSockets: WebSockets;
  readonly config: Config;
  readonly queues: ReadonlySet<RequestQueue>;
  readonly engines: ReadonlySet<{ close(): Promise<void> }>;
};

/** While it drains it still listens, so that `/ready` can say so and new requests get a 503 instead of a closed door. */
async function close(
  server: HttpServer,
  { config, queues, engines, connections, webSockets }: Closing,
): Promise<void> {
  await Promise.all([...queues].map((queue) => empty(queue, config.drainTimeoutMs)));
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await webSockets.close();
  server.closeIdleConnections();
  const lastFrames = setTimeout(() => connections.destroyAll(), LAST_FRAMES_MS);
  await closed;
  clearTimeout(lastFrames);
  await Promise.all([...engines].map((engine) => engine.close()));
}

async function empty(queue: RequestQueue, drainTimeoutMs: number): Promise<void> {
  if (await queue.drain(drainTimeoutMs)) return;
  queue.abortAll(new ServiceError("draining", "the server is shutting down"));
  await queue.drain(LAST_FRAMES_MS);
}
