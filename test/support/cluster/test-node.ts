// A node on a bus in this process, with a fake worker and a clock that is advanced by hand, and gateways that send it messages.

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
};

/** A node whose model is loaded. */
export async function startNode({ model = { slots: 2 }, embed = null }: TestNodeOptions = {}) {
  const bus = new MemoryBus();
  const link = bus.link();
  const clock = new FakeClock();
  const announcements: Announcement[] = [];
  bus.link().subscribe(SUBJECTS.announcements, (packet) => {
    announcements.push(...(packet as AnnouncementPacket).messages);
  });
  const { engine, worker } = await loadedEngine(model);
  const [fencedBy, logged]: [NodeId[], string[]] = [[], []];
  const node = new ClusterNode({
    ...NODE,
    ...{ link, subjects: SUBJECTS, clock, startedAtMs: 1, release: "1.0.0", graceMs: GRACE_MS },
    models: [modelOf(engine, embed)],
    log: (_level, message) => logged.push(message),
    onFenced: (by) => fencedBy.push(by),
  });
  const gateway = (id: string, term: number) =>
    new TestGateway({ link: bus.link(), from: { id, term }, cluster: CLUSTER, node: NODE });
  const nodeParts = { bus, link, clock, engine, worker, node };
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
