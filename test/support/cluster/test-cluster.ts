// A cluster of real processes: nats-server, gateways and nodes with the built-in model, each behind a cable of its own to NATS.

import { type CuttingProxy, startCuttingProxy } from "../clients/cutting-proxy.ts";
import { ClusterProcess } from "./cluster-process.ts";
import { type RunningNats, startNats } from "./nats-server.ts";

export type ClusterMember = {
  readonly name: string;
  readonly process: ClusterProcess;
  /** Its connection to NATS. */
  readonly cable: CuttingProxy;
};

export type TestCluster = {
  readonly nats: RunningNats;
  readonly nodes: readonly ClusterMember[];
  readonly gateways: readonly ClusterMember[];
  /** The gateway whose /ready is 200; null for none now. */
  active(): Promise<ClusterMember | null>;
  close(): Promise<void>;
};

export type TestClusterOptions = {
  readonly nodes: number;
  readonly gateways: number;
  readonly nodeFlags?: readonly string[];
  readonly gatewayFlags?: readonly string[];
  /** See `ProcessOptions`. */
  readonly main?: string;
};

/** Resolves when one gateway is active, and all nodes have loaded their model. */
export async function startCluster(options: TestClusterOptions): Promise<TestCluster> {
  const nats = await startNats();
  const members: ClusterMember[] = [];
  const close = async () => {
    await Promise.all(members.map(({ process: each }) => each.kill()));
    for (const { cable } of members) cable.close();
    await nats.close();
  };
  const add = async (command: "node" | "gateway", index: number): Promise<ClusterMember> => {
    const name = `${command}-${index + 1}`;
    const cable = await startCuttingProxy(nats.url);
    const own = command === "node" ? ["--node-name", name, "--gpu", "off"] : [];
    const more = command === "node" ? options.nodeFlags : options.gatewayFlags;
    const flags = ["--cluster", `nats://127.0.0.1:${cable.port}`, ...own, ...(more ?? [])];
    const { main } = options;
    const started = await ClusterProcess.start({ command, flags, ...(main && { main }) });
    const member = { name, process: started, cable };
    members.push(member);
    return member;
  };
  try {
    const count = (number: number) => Array.from({ length: number }, (_, index) => index);
    const nodes = await Promise.all(count(options.nodes).map((index) => add("node", index)));
    const gateways = await Promise.all(
      count(options.gateways).map((index) => add("gateway", index)),
    );
    const active = async () => {
      const ready = await Promise.all(gateways.map(({ process: each }) => each.isReady()));
      return gateways[ready.indexOf(true)] ?? null;
    };
    await Promise.all(nodes.map(({ process: each }) => each.until200()));
    await Promise.all(gateways.map(({ process: each }) => each.until200("/health")));
    await Promise.any(gateways.map(({ process: each }) => each.until200()));
    return { nats, nodes, gateways, active, close };
  } catch (error) {
    await close();
    throw error;
  }
}
