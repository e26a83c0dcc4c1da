// Composition root and public API: builds every layer once, in order. `createService(config)` serves; main.ts only adds
// the command around it.

import path from "node:path";
import { packageVersion } from "./command-line.ts";
import { type Config, configWith } from "./config.ts";
import { type EmbeddingEngine, WorkerEmbeddingEngine } from "./engine/embedding-engine.ts";
import type { Engine } from "./engine/engine.ts";
import type { ModelOptions } from "./engine/messages.ts";
import { WorkerEngine } from "./engine/worker-engine.ts";
import { ServiceError } from "./errors.ts";
import type { EmbeddingService } from "./http/exchange.ts";
import { createHttpServer, type HttpServer, listen } from "./http/http-server.ts";
import { createApp } from "./http/routes.ts";
import { RunningRequests } from "./http/running-requests.ts";
import { watchSendQueues } from "./http/send-queue-watch.ts";
import { SlotBoard } from "./http/slot-board.ts";
import { ANYBODY } from "./keys/caller.ts";
import { KeyRing } from "./keys/key-ring.ts";
import { UsageBook } from "./keys/usage-book.ts";
import { createLogger, type Logger } from "./log.ts";
import { Metrics } from "./metrics.ts";
import { Catalog } from "./models/catalog.ts";
import { Accounts } from "./queue/accounts.ts";
import { RequestQueue, type RequestQueueOptions } from "./queue/request-queue.ts";
import { ResponseStore } from "./resume/response-store.ts";
import { StreamStore } from "./resume/stream-store.ts";
import { readTlsFiles } from "./tls-files.ts";

// biome-ignore lint/performance/noBarrelFile: the package's public API, which is more than this file's own
export { type Config, configWith } from "./config.ts";
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
/** Where the build puts the chat page: beside this file, or seen from src/. */
const PAGE_FOLDER = path.join(
  import.meta.dirname,
  import.meta.filename.endsWith(".ts") ? "../dist/web" : "web",
);
/** Every so many percent of loading is worth a log line. */
const PROGRESS_STEP = 25;

export type Service = {
  readonly engine: Engine;
  readonly queue: RequestQueue;
  readonly catalog: Catalog;
  readonly embeddings: EmbeddingService;
  /** The same as `embeddings` where one model does both. */
  readonly reranking: EmbeddingService;
  readonly log: Logger;
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
  const engine = parts.engine ?? createEngine(config, log, metrics);
  const catalog = new Catalog({
    fileName: path.basename(config.model, ".gguf"),
    aliases: config.alias,
  });
  const usage = new UsageBook(() => (keys.isOpen ? [ANYBODY] : keys.callers));
  const accounts = new Accounts();
  const line = {
    ...config,
    maxWaiting: config.queue,
    isShared: () => keys.callers.length > 1,
  };
  const queue = new RequestQueue({ ...line, accounts });
  const questions = new RequestQueue({
    ...line,
    slots: 1,
    busyWith: "another question is being answered",
  });
  const { embeddings, reranking } = createEmbeddings({
    config,
    line: { ...line, accounts },
    log,
    served: engine,
    embeddingEngine: parts.embeddingEngine,
  });
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
    keyUsage: () => usage.all,
  });
  const app = createApp(
    {
      engine,
      queue,
      questions,
      slots: new SlotBoard(config.slots),
      requests: new RunningRequests(),
      responses,
      keys,
      usage,
      accounts,
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
      hostNames: [config.host, ...config.allowedHost],
      corsOrigins: config.corsOrigin,
      trustProxy: config.trustProxy,
      pageFolder: config.page ? PAGE_FOLDER : null,
    },
  );
  const server = createHttpServer(app, { log, metrics }, { ...config, tls });
  return {
    engine,
    queue,
    catalog,
    embeddings,
    reranking,
    log,
    listen: () => listen(server, config),
    close: async () => {
      await close(server, {
        config,
        queues: new Set([queue, questions, embeddings.queue, reranking.queue]),
        engines: new Set([engine, embeddings.engine, reranking.engine]),
      });
      responses.close();
      keys.close();
      streams.close();
    },
  };
}

function createEngine(config: Config, log: Logger, metrics: Metrics): Engine {
  let lastLogged = 0;
  return new WorkerEngine({
    ...config,
    entry: workerEntry("main"),
    model: modelOptions(config),
    streamBufferBytes: config.streamBuffer,
    log: (level, message) => log[level](message),
    onWastedTokens: (tokens) => metrics.tokensWasted(tokens),
    onLoad: (load) => metrics.stepComputed(load),
    onLoadProgress: (progress) => {
      const percent = Math.floor((progress * 100) / PROGRESS_STEP) * PROGRESS_STEP;
      if (percent === lastLogged) return;
      lastLogged = percent;
      if (percent > 0) log.info(`loading ${path.basename(config.model)}: ${percent} %`);
    },
  });
}

function modelOptions(config: Config): ModelOptions {
  return {
    modelPath: path.resolve(config.model),
    gpu: config.gpu,
    gpuLayers: config.gpuLayers ?? null,
    slots: config.slots,
    contextTokens: config.context ?? null,
    threads: config.threads ?? null,
    flashAttention: config.flashAttention,
    batchTokens: config.batchSize ?? null,
    threadGovernor: config.threadGovernor,
    stepTargetMs: config.stepTargetMs ?? null,
  };
}

/** Beside this file, and compiled like it. */
function workerEntry(name: "main" | "embedding-main"): string {
  const extension = path.extname(new URL(import.meta.url).pathname);
  return path.join(import.meta.dirname, "worker", `${name}${extension}`);
}

type Embeddings = Pick<Service, "embeddings" | "reranking">;
type EmbeddingParts = {
  readonly config: Config;
  /** Of the lines before them, all but the slots. */
  readonly line: Omit<RequestQueueOptions, "slots">;
  readonly log: Logger;
  /** The one that generates. */
  readonly served: Engine;
  readonly embeddingEngine: EmbeddingEngine | undefined;
};

/** One worker for both, or one for each if their files differ. Neither is started before a request needs it. */
function createEmbeddings(parts: EmbeddingParts): Embeddings {
  const { config } = parts;
  const embeddingModel = config.embeddingModel ?? config.model;
  const rerankModel = config.rerankModel ?? embeddingModel;
  const embeddings = createEmbeddingService(embeddingModel, parts);
  const isOne = rerankModel === embeddingModel;
  return {
    embeddings,
    reranking: isOne ? embeddings : createEmbeddingService(rerankModel, parts),
  };
}

function createEmbeddingService(model: string, parts: EmbeddingParts): EmbeddingService {
  const { config, line, embeddingEngine } = parts;
  const fileName = path.basename(model, ".gguf");
  const aliases = model === config.model ? config.alias : [fileName, ...config.alias];
  return {
    engine: embeddingEngine ?? createEmbeddingEngine(model, parts),
    queue: new RequestQueue({
      ...line,
      slots: 1,
      busyWith: "another request is being computed",
    }),
    catalog: new Catalog({ fileName, aliases }),
  };
}

function createEmbeddingEngine(model: string, parts: EmbeddingParts): EmbeddingEngine {
  const { config, log, served } = parts;
  const isServed = model === config.model; // --context and --gpu-layers are about that one
  const options: ModelOptions = {
    ...modelOptions(config),
    modelPath: path.resolve(model),
    ...(isServed ? {} : { contextTokens: null, gpuLayers: null }),
  };
  return new WorkerEmbeddingEngine({
    ...config,
    entry: workerEntry("embedding-main"),
    model: options,
    knownModel: () => (isServed ? served.status().model : null),
    log: (level, message) => log[level](`embeddings: ${message}`),
    onLoadProgress: () => {},
  });
}

type Closing = {
  readonly config: Config;
  readonly queues: ReadonlySet<RequestQueue>;
  readonly engines: ReadonlySet<{ close(): Promise<void> }>;
};

/** While it drains it still listens, so that `/ready` can say so and new requests get a 503 instead of a closed door. */
async function close(server: HttpServer, { config, queues, engines }: Closing): Promise<void> {
  await Promise.all([...queues].map((queue) => empty(queue, config.drainTimeoutMs)));
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const lastFrames = setTimeout(() => server.closeAllConnections(), LAST_FRAMES_MS);
  await closed;
  clearTimeout(lastFrames);
  await Promise.all([...engines].map((engine) => engine.close()));
}

async function empty(queue: RequestQueue, drainTimeoutMs: number): Promise<void> {
  if (await queue.drain(drainTimeoutMs)) return;
  queue.abortAll(new ServiceError("draining", "the server is shutting down"));
  await queue.drain(LAST_FRAMES_MS);
}
