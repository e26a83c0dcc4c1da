// Composition root of `sluice node`: builds the models, the part that serves gateways, and a small HTTP server. As service.ts does
// for `sluice serve`.

import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { SYSTEM_CLOCK } from "./cluster/cluster-clock.ts";
import type { ClusterLink } from "./cluster/link.ts";
import type { NodeId } from "./cluster/messages.ts";
import { connectNats } from "./cluster/nats/connect-nats.ts";
import { ClusterNode } from "./cluster/node/cluster-node.ts";
import { subjectsOf } from "./cluster/subjects.ts";
import { packageVersion } from "./config/command-line.ts";
import type { Config } from "./config/config.ts";
import { openDiskCache } from "./config/disk-cache.ts";
import { listenAddresses, listenHosts } from "./config/listen-address.ts";
import { checkKeysFor } from "./config/rules-between-settings.ts";
import { readTlsFiles } from "./config/tls-files.ts";
import { closeAccess, createAccess } from "./create-access.ts";
import { ServiceError, stackOf } from "./errors.ts";
import { followCertificate } from "./follow-certificate.ts";
import { createNodeApp, type NodeReadiness } from "./http/node/node-app.ts";
import { HttpServers } from "./http/server/http-servers.ts";
import { Journal } from "./journal/journal.ts";
import { requestLog } from "./journal/request-log.ts";
import { queueOptionsOf } from "./live-settings.ts";
import { createLogger, type Logger } from "./log.ts";
import { Metrics } from "./metrics/metrics.ts";
import type { ServerFigures } from "./metrics/state-gauges.ts";
import { createNodeModels, type NodeModels } from "./node-models.ts";
import { serverFigures } from "./server-figures.ts";

/** Answers of /health and the like that are being sent when the node ends get this time. */
const LAST_ANSWERS_MS = 1_000;
const INCARNATION_BYTES = 8;
/** Characters that --node-name may not have, and its longest length. */
const NO_NAME_CHARACTERS = /[^\w.-]/g;
const MAX_NAME_CHARACTERS = 64;
/** A node has no WebSockets. */
const NO_WEB_SOCKETS = { attach: () => {}, close: async () => {} };

export type NodeService = {
  readonly name: string;
  readonly log: Logger;
  /** Counts an uncaught error and logs it with its stack. */
  readonly report: (error: unknown) => void;
  /** Their facts, once they are loaded. */
  readonly models: NodeModels["served"];
  /** Whether `close()` was called. */
  readonly isClosing: boolean;
  /** Starts listening on all addresses of the settings. @returns their URLs */
  listen(): Promise<readonly string[]>;
  /**
   * Connects to NATS, which may take any time, and loads all models. Gateways see the node from the connection on.
   * @throws ServiceError why a model cannot be loaded, or ClusterConnectionError
   */
  start(): Promise<void>;
  /** Reads the files of keys, and the certificate with its key, at once. A change of them is also noticed without this. */
  rereadFiles(): void;
  /** Takes no more requests, lets the others finish within the drain timeout, has the rest moved to other nodes, and closes. */
  close(): Promise<void>;
};

export type NodeServiceParts = {
  /** Called when a newer process has the node's name: this one must end. */
  readonly onFenced: (by: NodeId) => void;
  readonly log?: Logger;
};

/**
 * @throws ConfigError for TLS files that are no pair, or a folder of the cache on disk that cannot be used
 * @throws ServiceError for a model file that cannot be read
 */
export function createNode(config: Config, parts: NodeServiceParts): NodeService {
  const tls = readTlsFiles(config);
  const log = parts.log ?? createLogger(config);
  const name = config.nodeName ?? nameOfHost();
  const metrics = new Metrics(config.metricAlias);
  const report = (error: unknown) => {
    metrics.uncaught();
    log.error({ stack: stackOf(error) }, "bug");
  };
  // Gateways count usage. A folder in settings that a node shares with them is theirs.
  const access = createAccess({ ...config, usageDir: undefined }, log);
  const diskCache = openDiskCache(config);
  const current = () => config;
  const queueOptions = queueOptionsOf(current, access);
  const models = createNodeModels({
    ...{ log, metrics, diskCache, queueOptions, config: current },
    pullProgram: "", // a node downloads nothing
  });
  const presence = new Presence({ config, log, name, models, onFenced: parts.onFenced });
  metrics.watch(() => nodeFigures(models, config));
  const journal = new Journal([requestLog(log), (ended) => metrics.requestEnded(ended)]);
  const hostNames = [...listenHosts(config), ...config.allowedHost];
  const readiness = () => presence.readiness;
  const app = createNodeApp({ ...access, metrics, hostNames, journal, readiness });
  const httpParts = { app, log, journal, webSockets: NO_WEB_SOCKETS, report };
  const servers = new HttpServers(httpParts, { ...config, tls });
  const certificate = followCertificate(servers, { config, tls, log });
  return {
    ...{ name, log, report, models: models.served },
    get isClosing() {
      return presence.isClosing;
    },
    listen: () => servers.listen(listenAddresses(config), (host) => checkKeysFor(host, config)),
    start: async () => {
      await Promise.all([presence.connect(), models.loadAll()]);
    },
    rereadFiles: () => {
      access.keys.reload();
      certificate.reload();
    },
    close: async () => {
      await presence.close();
      models.fleet.refuse(new ServiceError("draining", "the node is shutting down"));
      await servers.close(LAST_ANSWERS_MS);
      certificate.close();
      await Promise.all([models.fleet.close(), models.pulls.close(), closeAccess(access)]);
    },
  };
}

/** The host's name, with the characters that a node's name may have. */
function nameOfHost(): string {
  return hostname().replaceAll(NO_NAME_CHARACTERS, "-").slice(0, MAX_NAME_CHARACTERS) || "node";
}

type PresenceOptions = {
  readonly config: Config;
  readonly log: Logger;
  readonly name: string;
  readonly models: NodeModels;
  readonly onFenced: (by: NodeId) => void;
};

/** The node in its cluster: from the connection to NATS until the last run has ended or moved. */
class Presence {
  readonly #options: PresenceOptions;
  readonly #closing = new AbortController();
  readonly #startedAtMs = Date.now();
  #link: ClusterLink | null = null;
  #node: ClusterNode | null = null;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  get isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  /** @throws ClusterConnectionError, or the reason of the abort if the node is closed before */
  async connect(): Promise<void> {
    const { config, log, name, models, onFenced } = this.#options;
    const { signal } = this.#closing;
    this.#link = await connectNats({ settings: config, name: `sluice node ${name}`, log, signal });
    this.#node = new ClusterNode({
      link: this.#link,
      subjects: subjectsOf(config.clusterName),
      clock: SYSTEM_CLOCK,
      ...{ name, incarnation: randomBytes(INCARNATION_BYTES).toString("hex") },
      ...{ startedAtMs: this.#startedAtMs, release: packageVersion() },
      models: models.served,
      graceMs: config.resumeGraceMs,
      log: (level, message) => log[level](message),
      onFenced,
    });
  }

  get readiness(): NodeReadiness {
    const models = this.#options.models.served.map(({ names: [model], status }) => {
      const { state, reason } = status();
      return { model, status: state, reason };
    });
    const notReady = models.find(({ status }) => status !== "ready");
    const connected = this.#link?.isConnected ? "ready" : "disconnected";
    const status = this.isClosing ? "draining" : (notReady?.status ?? connected);
    return { status, node: this.#options.name, models };
  }

  async close(): Promise<void> {
    this.#closing.abort(new ServiceError("draining", "the node is shutting down"));
    await this.#node?.drain(this.#options.config.drainTimeoutMs);
    await this.#node?.close();
  }
}

/** Runs hold the slots of the engines here: the node has no queue of its own. */
function nodeFigures(models: NodeModels, config: Config): ServerFigures {
  const figures = serverFigures({ ...models, config: () => config });
  const engineOf = (name: string) => models.served.find(({ names }) => names[0] === name)?.engine;
  const ofModels = figures.models.map((model) => {
    const { busy = 0, waiting = 0 } = engineOf(model.name) ?? {};
    return { ...model, busy, waiting };
  });
  return {
    ...figures,
    slotsBusy: ofModels.reduce((sum, { busy }) => sum + busy, 0),
    queueLength: ofModels.reduce((sum, { waiting }) => sum + waiting, 0),
    queueLimit: 0,
    models: ofModels,
  };
}
