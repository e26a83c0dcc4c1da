// The streams of a gateway that is connected to the nodes of nodes-process.ts.

import { ClusterGateway } from "../../src/cluster/gateway/cluster-gateway.ts";
import { connectNats } from "../../src/cluster/nats/connect-nats.ts";
import { openNatsLease } from "../../src/cluster/nats/nats-lease.ts";
import { subjectsOf } from "../../src/cluster/subjects.ts";
import type { GenerateEvent } from "../../src/generation/events.ts";
import type { SlotLease } from "../../src/generation/slot-lease.ts";
import { type ClusterBenchOptions, MODEL_KEY, REQUEST } from "./options.ts";
import { QUIET_LOG } from "./quiet-log.ts";

const CLUSTER = "bench";
const POLL_MS = 50;

/** Waits for all nodes. @returns a function that starts one more stream */
export async function streamsOfCluster({
  nats,
  nodes,
}: ClusterBenchOptions): Promise<() => AsyncIterable<GenerateEvent>> {
  const id = "benchgateway";
  const link = await connectNats({
    settings: { cluster: [nats] },
    name: id,
    log: QUIET_LOG,
  });
  const bucket = subjectsOf(CLUSTER).leaseBucket;
  const lease = openNatsLease({ link, bucket, gateway: id, log: QUIET_LOG });
  const gateway = new ClusterGateway({
    ...{ id, cluster: CLUSTER, link, lease, graceMs: 30_000, log: () => {} },
    ...{ streamBufferBytes: 65_536, parkTimeoutMs: 10_000, queueTimeoutMs: () => 60_000 },
    onLoad: () => {},
    onWastedTokens: () => {},
  });
  while (gateway.problem || gateway.nodeCounts.ready < nodes)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  const engine = gateway.engineFor(MODEL_KEY);
  return () =>
    engine.generate(REQUEST, { signal: new AbortController().signal, lease: newLease() });
}

/** There are as many slots as streams. */
function newLease(): SlotLease {
  return { isHeld: true, isContended: false, acquire: async () => {}, release: () => {} };
}
