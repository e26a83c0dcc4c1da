// `sluice serve`, the default command: config → service → listen → signals → drain → exit.

import type { CommandLine } from "../config/command-line.ts";
import { readCommandLine } from "../config/command-line.ts";
import type { Config } from "../config/config.ts";
import { ConfigError } from "../config/config-error.ts";
import { readKeysFile } from "../keys/keys-file.ts";
import { readPlainKeys } from "../keys/plain-keys-file.ts";
import { printBanner } from "./banner.ts";
import { CommandError } from "./command-error.ts";
import { takeInheritedSockets } from "./inherited-sockets.ts";
import { endOnSignals } from "./lifetime/end-on-signals.ts";
import { followSettings } from "./lifetime/follow-settings.ts";
import { describeStartFailure } from "./lifetime/start-failure.ts";
import { surviveUncaughtErrors } from "./lifetime/survive-uncaught-errors.ts";
import { programName } from "./program-name.ts";
import { requireGgufFiles } from "./require-gguf-file.ts";

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

/** A server that ignored it would look like a part of the cluster. */
function refuseCluster({ cluster }: Config, program: string): void {
  if (cluster.length === 0) return;
  throw new CommandError(
    `--cluster is for \`${program} node\` (computes) and \`${program} gateway\` (takes requests); start one of them, or leave --cluster out for a server alone`,
  );
}

async function serve(command: ServeCommand): Promise<void> {
  const { config } = command;
  const { createService } = await import("../service.ts"); // slow: --help and a wrong setting do not wait for it
  const service = createService(config);
  endOnSignals(service, config);
  surviveUncaughtErrors(service, config);
  followSettings(service, command, () => readAgain(command));
  try {
    const urls = await service.listen(command.sockets);
    service.log.info({ urls }, "listening, the model is being loaded");
    const model = await service.firstLoad;
    printBanner(model, { urls, service, config });
  } catch (error) {
    if (service.queue.isDraining) return; // a signal came before the model was loaded
    await service.fleet.close();
    throw new CommandError(describeStartFailure(error));
  }
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
