// `sluice gateway`: config → NATS → service → listen → signals → drain → exit. The ordinary service, whose models are those of the
// nodes of a cluster.

import { connectNats } from "../../cluster/nats/connect-nats.ts";
import { openNatsLease } from "../../cluster/nats/nats-lease.ts";
import { subjectsOf } from "../../cluster/subjects.ts";
import { type CommandLine, readCommandLine } from "../../config/command-line.ts";
import type { Config, SettingKey } from "../../config/config.ts";
import { ConfigError } from "../../config/config-error.ts";
import { readKeysFile } from "../../keys/keys-file.ts";
import { readPlainKeys } from "../../keys/plain-keys-file.ts";
import { createLogger } from "../../log.ts";
import type { Service } from "../../service.ts";
import { CommandError } from "../command-error.ts";
import { takeInheritedSockets } from "../inherited-sockets.ts";
import { endOnSignals } from "../lifetime/end-on-signals.ts";
import { followSettings } from "../lifetime/follow-settings.ts";
import { describeStartFailure } from "../lifetime/start-failure.ts";
import { surviveUncaughtErrors } from "../lifetime/survive-uncaught-errors.ts";
import { programName } from "../program-name.ts";
import { newGatewayId } from "./gateway-id.ts";
import { warnOfUnused } from "./warn-of-unused.ts";

/** The settings of a server that has models of its own. */
const OWN_MODELS = [
  ...(["model", "modelsDir", "embeddingModel", "rerankModel"] as const),
] satisfies readonly SettingKey[];

type GatewayCommand = Extract<CommandLine, { type: "serve" }>;

/** @throws ConfigError, KeysFileError, ClusterConnectionError or CommandError before the gateway listens */
export async function runGateway(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const command = readCommandLine(args, env);
  if (command.type === "print") return console.log(command.text);
  const { config } = command;
  const program = programName(env);
  checkGatewaySettings(command, program);
  if (config.keysFile !== undefined) readKeysFile(config.keysFile, program);
  if (config.apiKeyFile !== undefined) readPlainKeys(config.apiKeyFile);
  await serve(command, takeInheritedSockets(env, process.pid));
}

/** @throws ConfigError */
function checkGatewaySettings({ config, given }: GatewayCommand, program: string): void {
  if (config.cluster.length === 0)
    throw new ConfigError(
      `a gateway requires the address of NATS: ${program} gateway --cluster nats://HOST:4222`,
    );
  // In a file or a variable they may be meant for the nodes, which have the same; then the start only names them.
  const own = OWN_MODELS.map((key) => given.get(key)).find((source) => source?.startsWith("--"));
  if (own)
    throw new ConfigError(
      `${own}: a gateway has no models of its own; give it to the nodes (${program} node)`,
    );
}

async function serve(command: GatewayCommand, sockets: readonly number[]): Promise<void> {
  const { config } = command;
  const { createService } = await import("../../service.ts"); // slow: neither a wrong setting nor the lease waits for it
  const log = createLogger(config);
  warnOfUnused("gateway", command, log);
  const stopped = new AbortController();
  const stop = () => stopped.abort(new CommandError("stopped before NATS could be reached"));
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, stop);
  log.info(`connecting to the cluster ${config.clusterName}`);
  const id = newGatewayId();
  const name = `sluice gateway ${id}`;
  const link = await connectNats({ settings: config, name, log, signal: stopped.signal });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.off(signal, stop);
  const { leaseBucket: bucket } = subjectsOf(config.clusterName);
  const lease = openNatsLease({ link, bucket, gateway: id, log });
  const service = createService(config, { log, gateway: { id, link, lease } });
  endOnSignals(service, config);
  surviveUncaughtErrors(service, config);
  followSettings(service, command, command.reread);
  try {
    const urls = await service.listen(sockets);
    log.info({ urls, gateway: id }, "listening, the models are those of the nodes");
    announceFirstModel(service, config);
  } catch (error) {
    await service.close();
    throw new CommandError(describeStartFailure(error));
  }
}

function announceFirstModel(service: Service, { clusterName }: Config): void {
  service.firstLoad.then(
    () => {
      const names = service.models.ids.join(", ");
      service.log.info(`ready: the nodes of the cluster ${clusterName} serve ${names}`);
    },
    () => {}, // the service was closed
  );
}
