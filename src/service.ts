// Composition root and public API: `createService(config)` builds every layer once, in order. main.ts adds only the command
// around it.

import type { RequestListener } from "node:http";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { packageVersion } from "./config/command-line.ts";
import type { Config } from "./config/config.ts";
import { configWith, type ServiceSettings } from "./config/config-with.ts";
import { openDiskCache } from "./config/disk-cache.ts";
import { listenAddresses, listenHosts } from "./config/listen-address.ts";
import { checkKeysFor } from "./config/rules-between-settings.ts";
import { readTlsFiles } from "./config/tls-files.ts";
import { closeAccess, createAccess, keySourcesOf } from "./create-access.ts";
import { closeJournal, createJournal } from "./create-journal.ts";
import { preloadOthers } from "./create-models.ts";
import { createServed, type Served, type ServedParts } from "./create-served.ts";
import { closeStores, createStores } from "./create-stores.ts";
import type { Engine } from "./engine/engine.ts";
import { ServiceError, stackOf } from "./errors.ts";
import { followCertificate } from "./follow-certificate.ts";
import type { ModelInfo } from "./generation/model-info.ts";
import { createApp } from "./http/routes/routes.ts";
import { BodyMemory } from "./http/server/body-memory.ts";
import { HttpServers } from "./http/server/http-servers.ts";
import { watchSendQueues } from "./http/vanished-clients/send-queue-watch.ts";
import { WebSockets } from "./http/websocket/websocket.ts";
import { queueOptionsOf, withLiveSettings } from "./live-settings.ts";
import { createLogger, type Logger } from "./log.ts";
import { Metrics } from "./metrics/metrics.ts";
import type { Fleet } from "./models/fleet/fleet.ts";
import type { ModelList } from "./models/model-list.ts";
import { Admissions } from "./queue/admissions.ts";
import { serverFigures } from "./server-figures.ts";

export type { Config } from "./config/config.ts";
// biome-ignore lint/performance/noBarrelFile: the package's public API includes parts of other files
export { configWith, type ServiceSettings } from "./config/config-with.ts";
export type { ModelEntry, ModelSetting } from "./config/model-entry.ts";
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
/** The output of the build: the folder of this file, or ../dist if this file runs from src/. */
const BUILT_FOLDER = path.join(
  import.meta.dirname,
  import.meta.filename.endsWith(".ts") ? "../dist" : ".",
);
/** The compiled file, because a thread cannot run TypeScript. */
const COMPILE_PROGRAM = path.join(BUILT_FOLDER, "compile/thread-main.js");
/** Compiled like the rest of the output, so that a server that runs from src/ needs no loader in its child process. */
const PULL_PROGRAM = path.join(BUILT_FOLDER, "models/pull-main.js");

/**
 * Limits of questions inside the engine: in total, and of one key. The engine computes one at a time, but a long question may
 * have to wait there, and must not block the questions of other keys.
 */
const QUESTION_LIMITS = { slots: 16, slotsPerOwner: 4 };
const OTHER_QUESTIONS = "other questions are being answered";

export type Service = {
  /** The models that clients can ask for. */
  readonly models: ModelList;
  /** Loads and unloads them. */
  readonly fleet: Fleet;
  /** Settles when the default model was loaded for the first time, or failed to load; on a gateway, when a node serves one. */
  readonly firstLoad: Promise<ModelInfo>;
  /** The engine of the default model. @throws ServiceError on a gateway, while no node serves a model */
  readonly engine: Engine;
  /** The queue for slots. */
  readonly queue: Admissions;
  /** The queue of the models that compute embeddings or rank documents. */
  readonly embeddingQueue: Admissions;
  readonly log: Logger;
  /** Counts an uncaught error and logs it with its stack. */
  readonly report: (error: unknown) => void;
  /**
   * All HTTP routes, to mount at the root of another Express app, before its body parsers, instead of `listen`. The host then has
   * its own server: its TLS, timeouts and connection limits apply, not those of the settings (a client that does not read the rest
   * of an answer is the host's to disconnect), and WebSocket upgrades are the host's too, so /v1/ws is not available.
   */
  readonly app: RequestListener;
  /**
   * Takes over changed settings: those of the models, the keys, and the limits that `isReloadable()` names. Others keep their
   * values until a restart.
   * @throws ConfigError if an address on which it listens would then require a key, and changes nothing
   */
  reload(config: Config): void;
  /** Reads the files of keys, and the certificate with its key, at once. A change of them is also noticed without this. */
  rereadFiles(): void;
  /**
   * Starts listening on all addresses of the settings, or on none of them.
   * @param inherited descriptors of sockets that the parent process has bound, instead of the addresses of the settings
   * @returns the base URL of each address: `http://127.0.0.1:8080`, `unix:/run/sluice.sock`, or `fd:3` for an inherited Unix socket
   * @throws Error with a `code` such as `EADDRINUSE`; ConfigError for an inherited socket that other machines can reach without a key
   */
  listen(inherited?: readonly number[]): Promise<readonly string[]>;
  /** Refuses new requests, lets the others finish within the drain timeout, fails the rest, then closes. */
  close(): Promise<void>;
};

export type ServiceParts = Pick<
  ServedParts,
  "engine" | "embeddingEngine" | "startPull" | "gateway" | "streamFinder"
> & {
  readonly log?: Logger;
  /** The folder of the worker programs (default: `worker` beside this file). */
  readonly workerFolder?: string;
};

/**
 * @param settings durations in milliseconds; a missing setting has its default
 * @throws KeysFileError for a keys file that is missing or invalid
 * @throws AuditFileError for an audit file that cannot be opened
 * @throws UsageFolderError for a usage folder that cannot be made or read
 * @throws ConfigError for a setting that is unknown or out of its range, a host that requires a key, TLS files that are no pair, or
 * a folder or key file of the cache on disk that cannot be used
 */
export function createService(settings: ServiceSettings = {}, parts: ServiceParts = {}): Service {
  let config = configWith(settings);
  const current = () => config;
  const tls = readTlsFiles(config);
  const diskCache = openDiskCache(config);
  const log = parts.log ?? createLogger(config);
  const metrics = new Metrics(config.metricAlias);
  const report = bugReporter(metrics, log);
  const fileOf = (name: string) => fileOfModel(served.models, name);
  const journals = createJournal({ config, log, metrics, fileOf });
  const access = createAccess(config, log);
  const queueOptions = queueOptionsOf(current, access);
  const shared = { log, metrics, diskCache, queueOptions, pullProgram: PULL_PROGRAM };
  const served = createServed({ ...parts, ...shared, config: current });
  const questions = new Admissions(queueOptions({ ...QUESTION_LIMITS, busyWith: OTHER_QUESTIONS }));
  const stores = createStores(config, COMPILE_PROGRAM);
  metrics.watch(() => serverFigures({ ...served, config: current }));
  const bodies = bodyLimitsOf(config);
  const webSockets = new WebSockets({ ...config, ...bodies, keys: access.keys, report });
  const app = createApp(
    withLiveSettings(current, {
      ...settingsOf(config),
      ...access,
      ...served,
      ...stores,
      ...bodies,
      questions,
      socketWatch: watchSendQueues(config.stallTimeoutMs, log),
      webSockets,
      metrics,
      ...journals,
      log,
    }),
  );
  const httpParts = { app, log, ...journals, webSockets, report };
  const servers = new HttpServers(httpParts, { ...config, tls });
  const certificate = followCertificate(servers, { config, tls, log });
  return {
    ...served,
    get engine() {
      return served.models.default.engine;
    },
    firstLoad: served.load(),
    log,
    report,
    app,
    reload: (changed) => {
      for (const host of servers.hosts) checkKeysFor(host, changed);
      const keySources = keySourcesOf(changed);
      if (!isDeepStrictEqual(keySourcesOf(config), keySources)) access.keys.update(keySources);
      config = changed;
      served.update();
      preloadOthers(served.models);
    },
    rereadFiles: () => {
      access.keys.reload();
      certificate.reload();
    },
    listen: (inherited) => listen(servers, { config, inherited }),
    close: async () => {
      const queues = [served.queue, served.embeddingQueue, questions];
      await close({ ...served, config, servers, queues });
      certificate.close();
      await served.gateway?.close();
      await Promise.all([closeAccess(access), closeStores(stores), closeJournal(journals)]);
    },
  };
}

function bugReporter(metrics: Metrics, log: Logger) {
  return (error: unknown) => {
    metrics.uncaught();
    log.error({ stack: stackOf(error) }, "bug");
  };
}

type Listening = { readonly config: Config; readonly inherited: readonly number[] | undefined };

function listen(servers: HttpServers, { config, inherited = [] }: Listening) {
  const targets = inherited.length > 0 ? inherited.map((fd) => ({ fd })) : listenAddresses(config);
  return servers.listen(targets, (host) => checkKeysFor(host, config));
}

function bodyLimitsOf({ bodyLimit, bodyMemory }: Config) {
  return { bodyLimitBytes: bodyLimit, bodyMemory: new BodyMemory(bodyMemory) };
}

/** Null for a model that is not served any more, and for one of other machines. */
function fileOfModel(models: ModelList, name: string): string | null {
  const spec = models.has(name) ? models.find(name).model.spec : null;
  return spec && !spec.isRemote ? spec.file : null;
}

/** The settings under the names that the routes use, and the facts about this server that its answers show. */
function settingsOf(config: Config) {
  return {
    ...config,
    hostNames: [...listenHosts(config), ...config.allowedHost],
    corsOrigins: config.corsOrigin,
    builtFolder: BUILT_FOLDER,
    pageFolder: config.page ? path.join(BUILT_FOLDER, "web") : null,
    startedAtSeconds: Math.floor(Date.now() / 1000),
    build: `sluice ${packageVersion()}`,
  };
}

type Closing = {
  readonly servers: HttpServers;
  readonly config: Config;
  readonly queues: readonly Admissions[];
} & Pick<Served, "fleet" | "pulls" | "survey" | "gateway">;

/** It keeps listening while it drains: `/ready` reports that, and new requests get a 503 rather than no connection. */
async function close({ config, queues, servers, ...served }: Closing): Promise<void> {
  const { fleet, pulls, survey, gateway } = served;
  survey?.close();
  const retired = gateway?.retire();
  const pullsClosed = pulls.close();
  await Promise.all(queues.map((each) => empty(each, config.drainTimeoutMs)));
  fleet.refuse(new ServiceError("draining", "the server is shutting down")); // those that ask only for loading
  await servers.close(LAST_FRAMES_MS);
  await Promise.all([fleet.close(), pullsClosed, retired]);
}

async function empty(queue: Admissions, drainTimeoutMs: number): Promise<void> {
  if (await queue.drain(drainTimeoutMs)) return;
  queue.abortAll(new ServiceError("draining", "the server is shutting down"));
  await queue.drain(LAST_FRAMES_MS);
}
