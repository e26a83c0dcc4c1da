// All nodes of the cluster benchmark in one process, each with its own connection.

import { SYSTEM_CLOCK } from "../../src/cluster/cluster-clock.ts";
import { connectNats } from "../../src/cluster/nats/connect-nats.ts";
import { ClusterNode } from "../../src/cluster/node/cluster-node.ts";
import { NodeEngine } from "../../src/cluster/node/node-engine.ts";
import { subjectsOf } from "../../src/cluster/subjects.ts";
import {
  type ClusterBenchOptions,
  MODEL_KEY,
  modelOf,
  readClusterOptions,
  stepMsOf,
} from "./options.ts";
import { PacedWorker } from "./paced-worker.ts";
import { QUIET_LOG } from "./quiet-log.ts";

const options = readClusterOptions(process.argv.slice(2));
for (let number = 0; number < options.nodes; number++) await startNode(number, options);
process.send?.("ready");
process.on("disconnect", () => process.exit(0));

async function startNode(number: number, given: ClusterBenchOptions): Promise<void> {
  const name = `node-${number}`;
  const link = await connectNats({ settings: { cluster: [given.nats] }, name, log: QUIET_LOG });
  const stepMs = stepMsOf(given);
  const engine = new NodeEngine({
    key: MODEL_KEY,
    createWorker: (events) =>
      new PacedWorker(events, {
        model: modelOf(given),
        stepMs,
        offsetMs: (stepMs * number) / given.nodes,
      }),
  });
  new ClusterNode({
    ...{ name, incarnation: `i${number}`, startedAtMs: Date.now(), release: "bench" },
    ...{ link, subjects: subjectsOf("bench"), clock: SYSTEM_CLOCK, graceMs: 30_000 },
    models: [
      {
        ...{ key: MODEL_KEY, names: ["paced"], kind: "chat", engine, embed: null },
        ...{ isForEmbedding: false, isForRanking: false },
        status: () => engine.status(),
      },
    ],
    log: () => {},
    onFenced: () => process.exit(1),
  });
}
