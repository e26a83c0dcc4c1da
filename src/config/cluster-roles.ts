// Which settings a node or a gateway of a cluster uses. The others are named when it starts, so that none is ignored in silence.

import type { Config, SettingKey } from "./config.ts";

export type ClusterRole = "node" | "gateway";

/** Who uses a setting. Both have an HTTP server with keys, a log, and the connection to NATS. */
const USED_BY: Readonly<Record<SettingKey, ClusterRole | "both" | "neither">> = {
  model: "node",
  alias: "both",
  embeddingModel: "node",
  rerankModel: "node",
  modelsDir: "neither",
  memoryBudget: "node",
  idleUnloadMs: "neither",
  slots: "node",
  context: "node",
  gpu: "node",
  gpuLayers: "node",
  threads: "node",
  threadGovernor: "node",
  flashAttention: "node",
  batchSize: "node",
  stepTargetMs: "node",
  keepChangingLines: "gateway",
  speculation: "node",
  loadTimeoutMs: "node",
  hangTimeoutMs: "node",
  stepTimeoutMs: "node",
  restartDelayMs: "node",
  embeddingIdleTimeoutMs: "neither",
  cacheRam: "node",
  cacheDisk: "node",
  cacheKeyFile: "node",
  host: "both",
  port: "both",
  listen: "both",
  tlsCert: "both",
  tlsKey: "both",
  allowedHost: "both",
  corsOrigin: "gateway",
  trustProxy: "gateway",
  page: "gateway",
  receiveTimeoutMs: "both",
  socketRequests: "gateway",
  maxConnections: "both",
  maxTokens: "gateway",
  queue: "gateway",
  queueTimeoutMs: "gateway",
  bufferedQueueTimeoutMs: "gateway",
  firstTokenTimeoutMs: "gateway",
  requestTimeoutMs: "gateway",
  drainTimeoutMs: "both",
  bodyLimit: "gateway",
  strict: "gateway",
  openObjects: "gateway",
  bodyMemory: "gateway",
  flexWaitMs: "gateway",
  apiKey: "both",
  apiKeyFile: "both",
  keysFile: "both",
  jwtIssuer: "both",
  jwtAudience: "both",
  jwtJwks: "both",
  jwtNameClaim: "both",
  jwtScope: "both",
  jwtScopeClaim: "both",
  jwtGroupClaim: "both",
  usageDir: "gateway",
  usageDays: "gateway",
  allowNoKey: "both",
  allowGrammar: "gateway",
  sharedCache: "gateway",
  heartbeatMs: "gateway",
  stallTimeoutMs: "both",
  resumable: "gateway",
  resumeGraceMs: "both",
  resumeBuffer: "gateway",
  streamBuffer: "gateway",
  parkTimeoutMs: "gateway",
  responseStore: "gateway",
  responseTtlMs: "gateway",
  logLevel: "both",
  audit: "gateway",
  logFormat: "both",
  metricAlias: "both",
  otlpEndpoint: "gateway",
  otlpHeaders: "gateway",
  otlpHeadersFile: "gateway",
  otlpServiceName: "gateway",
  otlpSampling: "gateway",
  cluster: "both",
  clusterName: "both",
  nodeName: "node",
  clusterCredentials: "both",
  clusterCa: "both",
  clusterCert: "both",
  clusterKey: "both",
};
/** The alias that accepts every name: gateways decide that. Other names are those of a model, which nodes have. */
const ANY = "*";

export type GivenSettings = {
  readonly config: Pick<Config, "alias">;
  /** How each of the settings that are given was given, such as `--model` or `SLUICE_MODEL`. */
  readonly given: ReadonlyMap<SettingKey, string>;
};

/** How the settings were given that this process does not use. */
export function unusedSettings(role: ClusterRole, { config, given }: GivenSettings) {
  const isUsed = (key: SettingKey) => {
    if (key === "alias")
      return config.alias.some((name) => (name === ANY) === (role === "gateway"));
    return USED_BY[key] === role || USED_BY[key] === "both";
  };
  return [...given].filter(([key]) => !isUsed(key)).map(([, source]) => source);
}
