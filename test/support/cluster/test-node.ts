// A node on a bus in this process, with a fake worker and a clock that is advanced by hand, and gateways that send it messages.

import type { ClusterClock } from "../../../src/cluster/cluster-clock.ts";
import type { Announcement, AnnouncementPacket, NodeId } from "../../../src/cluster/messages.ts";
import type { NodeModel } from "../../../src/cluster/node/announcement.ts";
import { ClusterNode } from "../../../src/cluster/node/cluster-node.ts";
import { NodeEngine } from "../../../src/cluster/node/node-engine.ts";
import { subjectsOf } from "../../../src/cluster/subjects.ts";
import type { ModelInfo } from "../../../src/generation/model-info.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeNodeWorker } from "./fake-node-worker.ts";
import { MemoryBus } from "./memory-link.ts";
import { MODEL_KEY, TestGateway } from "./test-gateway.ts";

export const GRACE_MS = 10_000;
const CLUSTER = "test";
const SUBJECTS = subjectsOf(CLUSTER);
const NODE = { name: "n1", incarnation: "i1" };

export type TestNodeOptions = {
  readonly model?: Partial<ModelInfo>;
  readonly embed?: NodeModel["embed"];
  /** Default: a bus of its own. */
  readonly bus?: MemoryBus;
  /** Default: `n1`. */
  readonly name?: string;
};

/** A node whose model is loaded, with a clock that the test advances. */
export async function startNode(options: TestNodeOptions = {}) {
  const clock = new FakeClock();
  return { ...(await startNodeWith(clock, options)), clock };
}

/** A node whose model is loaded. */
export async function startNodeWith(
  clock: ClusterClock,
  { model = { slots: 2 }, embed = null, bus = new MemoryBus(), name = NODE.name }: TestNodeOptions,
) {
  const link = bus.link();
  const announcements: Announcement[] = [];
  bus.link().subscribe(SUBJECTS.announcements, (packet) => {
    announcements.push(...(packet as AnnouncementPacket).messages);
  });
  const { engine, worker } = await loadedEngine(model);
  const [fencedBy, logged]: [NodeId[], string[]] = [[], []];
  const id = { name, incarnation: NODE.incarnation };
  const node = new ClusterNode({
    ...id,
    ...{ link, subjects: SUBJECTS, clock, startedAtMs: 1, release: "1.0.0", graceMs: GRACE_MS },
    models: [modelOf(engine, embed)],
    log: (_level, message) => logged.push(message),
    onFenced: (by) => fencedBy.push(by),
  });
  const gateway = (gatewayId: string, term: number) =>
    new TestGateway({
      link: bus.link(),
      from: { id: gatewayId, term },
      cluster: CLUSTER,
      node: id,
    });
  const nodeParts = { bus, link, engine, worker, node };
  return { ...nodeParts, announcements, fencedBy, logged, gateway };
}

async function loadedEngine(model: Partial<ModelInfo>) {
  const workers: FakeNodeWorker[] = [];
  const engine = new NodeEngine({
    key: MODEL_KEY,
    createWorker: (events) => {
      const worker = new FakeNodeWorker(events, model);
      workers.push(worker);
      return worker;
    },
  });
  await engine.load({ memoryLimit: null });
  const [worker] = workers;
  if (!worker) throw new Error("the engine has made no worker");
  return { engine, worker };
}

function modelOf(engine: NodeEngine, embed: NodeModel["embed"]): NodeModel {
  return {
    ...{ key: MODEL_KEY, names: ["m"], kind: "chat", isForEmbedding: true, isForRanking: false },
    ...{ engine, embed },
    status: () => engine.status(),
  };
}
