// Connects a gateway or a node to NATS, and keeps it connected until it is closed.

import { accessSync, constants } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type ConnectionOptions,
  connect,
  errors,
  type NatsConnection,
  type TlsOptions,
} from "@nats-io/transport-node";
import { hideUserInfo } from "../../hide-user-info.ts";
import { ClusterConnectionError } from "./connection-error.ts";
import { credentialsFromFile, credentialsFromUrls } from "./nats-credentials.ts";
import { type LinkLog, NatsLink } from "./nats-link.ts";

const DEFAULT_PORT = 4222;
/** A dead connection is noticed after 2 to 3 s: nothing else bounds what a blocked socket holds. */
const PING_MS = 1_000;
const MAX_PINGS = 2;
const RETRY_MS = 250;
const JITTER_MS = 250;
const DIAL_TIMEOUT_MS = 5_000;

/** The settings of the connection: `Config` has them. */
export type NatsSettings = {
  /** URLs of the servers. */
  readonly cluster: readonly string[];
  readonly clusterCredentials?: string | undefined;
  readonly clusterCa?: string | undefined;
  readonly clusterCert?: string | undefined;
  readonly clusterKey?: string | undefined;
};

export type ConnectNatsOptions = {
  readonly settings: NatsSettings;
  /** How the server's own monitoring names the connection. */
  readonly name: string;
  readonly log: LinkLog;
  /** Ends the attempts. */
  readonly signal?: AbortSignal;
};

/**
 * Resolves at the first connection, and tries until then. The log has one line for each reason why it failed.
 *
 * @throws ClusterConnectionError for wrong credentials, files that cannot be read, and an invalid URL
 * @throws the reason of `signal`
 */
export async function connectNats(options: ConnectNatsOptions): Promise<NatsLink> {
  const connection = connectionOptions(options);
  const nats = await firstConnection(connection, options);
  nats.setServers(connection.servers); // the first connection has removed those that did not answer
  return new NatsLink(nats, options.log);
}

async function firstConnection(
  connection: ConnectionOptions & { readonly servers: string[] },
  { log, signal }: ConnectNatsOptions,
): Promise<NatsConnection> {
  let reason: string | null = null;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await connect(connection);
    } catch (error) {
      const { message } = error as Error;
      if (isAboutCredentials(error))
        throw new ClusterConnectionError(
          `NATS at ${connection.servers.join(", ")} refuses the credentials (${message}); see --cluster-credentials`,
        );
      if (message !== reason)
        log.warn(
          `cannot connect to NATS at ${connection.servers.join(", ")}: ${hideUserInfo(message)}; trying again`,
        );
      reason = message;
    }
    await sleep(RETRY_MS + JITTER_MS * Math.random(), undefined, signal ? { signal } : {});
  }
}

function isAboutCredentials(error: unknown): boolean {
  return (
    error instanceof errors.AuthorizationError ||
    error instanceof errors.UserAuthenticationExpiredError
  );
}

function connectionOptions({
  settings,
  name,
}: ConnectNatsOptions): ConnectionOptions & { readonly servers: string[] } {
  const urls = settings.cluster.map(urlOf);
  if (urls.length === 0)
    throw new ClusterConnectionError("--cluster is missing: give the URL of a NATS server");
  const { clusterCredentials: file } = settings;
  const authenticator = file ? credentialsFromFile(file) : credentialsFromUrls(urls);
  const tls = tlsOptions(settings, urls);
  return {
    servers: urls.map(({ hostname, port }) => `${hostname}:${port || DEFAULT_PORT}`),
    name,
    ...(authenticator && { authenticator }),
    ...(tls && { tls }),
    timeout: DIAL_TIMEOUT_MS,
    pingInterval: PING_MS,
    maxPingOut: MAX_PINGS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RETRY_MS,
    reconnectJitter: JITTER_MS,
    reconnectJitterTLS: JITTER_MS,
    ignoreAuthErrorAbort: true, // the server may be about to get the same new credentials
    noAsyncTraces: true,
  };
}

function urlOf(text: string): URL {
  const isValid = URL.canParse(text) && /^(nats|tls):$/i.test(new URL(text).protocol);
  if (isValid && new URL(text).hostname !== "") return new URL(text);
  throw new ClusterConnectionError(
    `--cluster: ${JSON.stringify(hideUserInfo(text))} is no URL of a NATS server; allowed are nats://HOST:PORT and tls://HOST:PORT`,
  );
}

/** Null leaves it to the server whether TLS is used. */
function tlsOptions(settings: NatsSettings, urls: readonly URL[]): TlsOptions | null {
  const files = {
    caFile: readable("--cluster-ca", settings.clusterCa),
    certFile: readable("--cluster-cert", settings.clusterCert),
    keyFile: readable("--cluster-key", settings.clusterKey),
  };
  const given = Object.entries(files).filter(([, file]) => file !== undefined);
  if (given.length === 0 && !urls.some(({ protocol }) => protocol === "tls:")) return null;
  return Object.fromEntries(given);
}

function readable(flag: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    accessSync(file, constants.R_OK);
    return file;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ClusterConnectionError(`${flag}: cannot read ${file}: ${code}`);
  }
}
