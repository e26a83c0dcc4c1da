// `sluice serve`, the default command: config → service → listen → signals → drain → exit.

import { isatty } from "node:tty";
import { describeChanges } from "../config/changed-settings.ts";
import type { CommandLine } from "../config/command-line.ts";
import { readCommandLine } from "../config/command-line.ts";
import type { Config } from "../config/config.ts";
import { ConfigError } from "../config/config-error.ts";
import { watchConfigFile } from "../config/watch-config-file.ts";
import { readKeysFile } from "../keys/keys-file.ts";
import { readPlainKeys } from "../keys/plain-keys-file.ts";
import type { Service } from "../service.ts";
import { uncaughtListener } from "../uncaught.ts";
import { printBanner } from "./banner.ts";
import { CommandError } from "./command-error.ts";
import { takeInheritedSockets } from "./inherited-sockets.ts";
import { programName } from "./program-name.ts";
import { requireGgufFile } from "./require-gguf-file.ts";

/** One Ctrl-C may arrive twice: from the terminal, and forwarded by npm. */
const SAME_SIGNAL_MS = 300;

/**
 * @param env loses the variables of socket activation, so that the processes of the models do not have them
 * @throws ConfigError, KeysFileError or CommandError before the server is ready
 */
export async function runServe(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const command = readCommandLine(args, env);
  if (command.type === "print") console.log(command.text);
  else {
    const { config } = command;
    refuseCluster(config, programName(env));
    requireGgufFiles(config, programName(env));
    if (config.keysFile !== undefined) readKeysFile(config.keysFile, programName(env));
    if (config.apiKeyFile !== undefined) readPlainKeys(config.apiKeyFile);
    const sockets = takeInheritedSockets(env, process.pid);
    await serve({ ...command, sockets, program: programName(env) });
  }
}

type ServeCommand = Extract<CommandLine, { type: "serve" }> & {
  /** Descriptors of sockets to listen on, instead of the addresses of the settings. */
  readonly sockets: readonly number[];
  /** The words that run sluice. */
  readonly program: string;
};

/** Polling interval of the configuration file. */
const CONFIG_POLL_MS = 1_000;

/** A server that ignored it would look like a part of the cluster. */
function refuseCluster({ cluster }: Config, program: string): void {
  if (cluster.length === 0) return;
  throw new CommandError(
    `--cluster is for \`${program} node\` (computes) and \`${program} gateway\` (takes requests); start one of them, or leave --cluster out for a server alone`,
  );
}

function requireGgufFiles(config: Config, program: string): void {
  const files = [
    ...config.model.map(({ path }) => ({ flag: "--model", file: path })),
    { flag: "--embedding-model", file: config.embeddingModel },
    { flag: "--rerank-model", file: config.rerankModel },
  ];
  for (const { flag, file } of files) if (file) requireGgufFile({ flag, file, program });
}

async function serve(command: ServeCommand): Promise<void> {
  const { config } = command;
  const { createService } = await import("../service.ts"); // slow: --help and a wrong setting do not wait for it
  const service = createService(config);
  endOnSignals(service, config);
  surviveUncaughtErrors(service, config);
  let configFile: ReturnType<typeof followConfigFile> = null;
  rereadOnHangup(service, () => configFile?.reload());
  try {
    const urls = await service.listen(command.sockets);
    service.log.info({ urls }, "listening, the model is being loaded");
    configFile = followConfigFile(service, command);
    const model = await service.firstLoad;
    printBanner(model, { urls, service, config });
  } catch (error) {
    if (service.queue.isDraining) return; // a signal came before the model was loaded
    await service.fleet.close();
    throw new CommandError(describeStartFailure(error as StartFailure));
  }
}

/** Takes over what can change while the server runs. */
function followConfigFile(service: Service, command: ServeCommand) {
  const { config, configFile } = command;
  if (configFile === null) return null;
  return watchConfigFile({
    file: configFile,
    config,
    read: () => readAgain(command),
    pollMs: CONFIG_POLL_MS,
    onChange: (changed, changes) => {
      service.reload(changed);
      service.log.info(`${configFile} has changed; ${describeChanges(changes)}`);
    },
    onError: (message) => service.log.error(message),
  });
}

/** @throws ConfigError also for a model whose file is missing or no GGUF file */
function readAgain({ reread, program }: ServeCommand): Config {
  const config = reread();
  try {
    requireGgufFiles(config, program);
  } catch (error) {
    throw error instanceof CommandError ? new ConfigError(error.message) : error;
  }
  return config;
}

/** An error of listening names its address: a host and a port, the path of a Unix socket, or a host name that was not found. */
type StartFailure = NodeJS.ErrnoException & {
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
};

function describeStartFailure({ message, code, address, port, hostname }: StartFailure): string {
  const isTcp = port !== undefined && port >= 0;
  const host = JSON.stringify(address ?? hostname);
  switch (code) {
    case "EADDRINUSE":
      return isTcp
        ? `port ${port} is already in use; pick another with --port or --listen, or 0 for any free port`
        : `another server listens on unix:${address}; stop it, or name another path with --listen`;
    case "EACCES":
      return isTcp
        ? `this user may not listen on port ${port}; pick one above 1023 with --port or --listen`
        : `this user may not make the socket unix:${address}; name a path in a folder of its own with --listen`;
    case "ENOENT":
      return address === undefined ? message : `--listen: there is no folder for unix:${address}`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${host} is not an address of this machine; see --host and --listen`;
    default:
      return message;
  }
}

/** SIGHUP is the usual signal to reload. A terminal that is closed sends it too, and then the server shall end with it. */
function rereadOnHangup(service: Service, rereadConfig: () => void): void {
  if (isatty(0) || isatty(1)) return;
  process.on("SIGHUP", () => {
    service.log.info({ signal: "SIGHUP" }, "reading settings, keys and certificates again");
    rereadConfig();
    service.rereadFiles();
  });
}

/** The first signal drains, the second one exits at once. */
function endOnSignals(service: Service, { drainTimeoutMs }: Config): void {
  let firstAtMs: number | null = null;
  const onSignal = (signal: NodeJS.Signals) => {
    if (firstAtMs !== null && performance.now() - firstAtMs > SAME_SIGNAL_MS) process.exit(1);
    if (firstAtMs !== null) return;
    firstAtMs = performance.now();
    service.log.info(
      { signal },
      `draining: running requests may finish for up to ${drainTimeoutMs / 1000} s; a second signal exits at once`,
    );
    service.close().then(
      () => process.exit(0),
      (error: Error) => {
        console.error(`sluice: cannot close cleanly: ${error.message}`);
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

/** uncaught.ts decides which errors the server survives. */
function surviveUncaughtErrors(service: Service, { drainTimeoutMs }: Config): void {
  const listener = uncaughtListener({
    report: service.report,
    close: () => service.close(),
    drainTimeoutMs,
    onEnding: () =>
      service.log.fatal("draining after an error that may have damaged what the requests share"),
    exit: (code) => process.exit(code),
  });
  process.on("uncaughtException", listener);
}
