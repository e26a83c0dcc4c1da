// `sluice node`: config → models → NATS → signals → drain → exit. It computes for the gateways of a cluster.

import { type CommandLine, readCommandLine } from "../../config/command-line.ts";
import type { Config } from "../../config/config.ts";
import type { NodeService } from "../../create-node.ts";
import { CommandError } from "../command-error.ts";
import { endOnSignals } from "../lifetime/end-on-signals.ts";
import { rereadOnHangup } from "../lifetime/reread-on-hangup.ts";
import { describeStartFailure } from "../lifetime/start-failure.ts";
import { surviveUncaughtErrors } from "../lifetime/survive-uncaught-errors.ts";
import { programName } from "../program-name.ts";
import { requireGgufFiles } from "../require-gguf-file.ts";
import { slotsText } from "../text/slots-text.ts";
import { warnOfUnused } from "./warn-of-unused.ts";

/** @throws ConfigError, ClusterConnectionError or CommandError before the node is ready */
export async function runNode(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const command: CommandLine = readCommandLine(args, env);
  if (command.type === "print") return console.log(command.text);
  const { config } = command;
  requireCluster(config, programName(env));
  requireGgufFiles(config, programName(env));
  const { createNode } = await import("../../create-node.ts"); // slow: --help and a wrong setting do not wait for it
  const node = createNode(config, {
    onFenced: ({ incarnation }) => {
      const text = `a newer process has the name ${node.name} (${incarnation}); this one ends. Give each node of the cluster a name of its own with --node-name`;
      node.log.fatal(text);
      process.exit(1);
    },
  });
  warnOfUnused("node", command, node.log);
  endOnSignals(node, config);
  surviveUncaughtErrors(node, config);
  rereadOnHangup(node.log, () => node.rereadFiles());
  try {
    const urls = await node.listen();
    node.log.info({ urls, node: node.name }, "connecting to NATS, the models are being loaded");
    await node.start();
    logReady(node, config, urls);
  } catch (error) {
    if (node.isClosing) return; // a signal came before the node was ready
    await node.close();
    throw new CommandError(describeStartFailure(error));
  }
}

function requireCluster({ cluster }: Config, program: string): void {
  if (cluster.length > 0) return;
  throw new CommandError(
    `a node requires the address of NATS: ${program} node --cluster nats://HOST:4222`,
  );
}

function logReady(node: NodeService, config: Config, urls: readonly string[]): void {
  for (const { names, status } of node.models) {
    const { model } = status();
    if (model)
      node.log.info(
        `${names[0]}: ${model.device}, ${model.contextTokens} tokens of context in ${slotsText(model.slots)}`,
      );
  }
  node.log.info(
    { node: node.name, url: urls[0] },
    `ready: serves the gateways of the cluster ${config.clusterName}`,
  );
}
