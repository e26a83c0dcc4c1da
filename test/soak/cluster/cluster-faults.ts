// The faults of a cluster: each is inflicted, lasts for a while, and is mended.

import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterMember, TestCluster } from "../../support/cluster/test-cluster.ts";
import type { Random } from "../kinds/random.ts";

/**
 * What a fault may cost. `node`: nothing, because another node continues. `gateway`: answers that are not resumable. `nats`:
 * requests that cannot be sent or continued. `all`: everything that was running.
 */
export type FaultScope = "node" | "gateway" | "nats" | "all";

export type ClusterFault = {
  readonly name: string;
  readonly scope: FaultScope;
  /** Resolves when it is mended. The cluster may need some time after that. */
  readonly inflict: (cluster: TestCluster, random: Random) => Promise<void>;
};

/** Longer than 3 s, after which a node counts as gone, and than the lease of 2 s. */
const stopMs = (random: Random) => random.between(3_200, 5_000);

export const CLUSTER_FAULTS: readonly ClusterFault[] = [
  {
    name: "a node is killed",
    scope: "node",
    inflict: (cluster, random) => restartKilled([random.pick(cluster.nodes)], random),
  },
  {
    name: "a node is stopped for longer than 3 s",
    scope: "node",
    inflict: async (cluster, random) => {
      const node = random.pick(cluster.nodes).process;
      node.pause({ withWorkers: random.next() < 0.5 });
      await sleep(stopMs(random));
      node.resume();
    },
  },
  {
    name: "a node is cut off",
    scope: "node",
    inflict: (cluster, random) => cut(random.pick(cluster.nodes), random),
  },
  {
    name: "a node cannot be heard for longer than 3 s",
    scope: "node",
    inflict: (cluster, random) => freeze(random.pick(cluster.nodes), random),
  },
  {
    name: "a node is restarted by its operator",
    scope: "node",
    inflict: async (cluster, random) => {
      const node = random.pick(cluster.nodes).process;
      await node.stop();
      node.start();
    },
  },
  {
    name: "the gateway is killed",
    scope: "gateway",
    inflict: async (cluster, random) => restartKilled([await activeOf(cluster)], random),
  },
  {
    name: "the gateway is stopped for longer than 3 s",
    scope: "gateway",
    inflict: async (cluster, random) => {
      const { process: gateway } = await activeOf(cluster);
      gateway.pause();
      await sleep(stopMs(random));
      gateway.resume();
    },
  },
  {
    name: "the gateway is cut off",
    scope: "gateway",
    inflict: async (cluster, random) => cut(await activeOf(cluster), random),
  },
  {
    name: "the gateway cannot be heard for longer than 3 s",
    scope: "gateway",
    inflict: async (cluster, random) => freeze(await activeOf(cluster), random),
  },
  {
    name: "the gateway is restarted by its operator",
    scope: "gateway",
    inflict: async (cluster) => {
      const { process: gateway } = await activeOf(cluster);
      await gateway.stop();
      gateway.start();
    },
  },
  {
    name: "NATS is restarted",
    scope: "nats",
    inflict: async ({ nats }, random) => {
      await nats.kill();
      await sleep(random.between(0, 4_000));
      await nats.start();
    },
  },
  {
    // A gateway that is met several times may lose its lease.
    name: "connections to NATS break for a moment, again and again",
    scope: "gateway",
    inflict: async ({ nodes, gateways }, random) => {
      for (let times = 0; times < 8; times++) {
        random.pick([...nodes, ...gateways]).cable.cut(); // what is sent until it is connected again is lost
        await sleep(random.between(200, 700));
      }
    },
  },
  {
    name: "everything is restarted",
    scope: "all",
    inflict: async (cluster, random) => {
      const { nodes, gateways, nats } = cluster;
      await nats.kill();
      await restartKilled([...nodes, ...gateways], random, () => nats.start());
    },
  },
];

/** @throws Error if no gateway is active */
async function activeOf(cluster: TestCluster): Promise<ClusterMember> {
  const active = await cluster.active();
  if (!active) throw new Error("no gateway is active");
  return active;
}

async function restartKilled(
  members: readonly ClusterMember[],
  random: Random,
  meanwhile: () => Promise<void> = async () => {},
): Promise<void> {
  await Promise.all(members.map(({ process: each }) => each.kill()));
  await sleep(random.between(0, 3_000));
  await meanwhile();
  for (const { process: each } of members) each.start();
}

async function cut({ cable }: ClusterMember, random: Random): Promise<void> {
  cable.refuse = true;
  cable.cut();
  await sleep(random.between(200, 6_000));
  cable.refuse = false;
}

/** What was sent meanwhile arrives late: as the messages of one who is thought to be gone. */
async function freeze({ cable }: ClusterMember, random: Random): Promise<void> {
  cable.freeze();
  await sleep(stopMs(random));
  cable.thaw();
}
