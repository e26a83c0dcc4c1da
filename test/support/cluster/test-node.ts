// A node on a bus in this process, with a fake worker and a clock that is advanced by hand, and gateways that send it messages.

import { setImmediate as turn } from "node:timers/promises";
import type { ClusterLink } from "../../../src/cluster/link.ts";
import {
  type Announcement,
  type AnnouncementPacket,
  type FromNode,
  type FromNodePacket,
  type NodeId,
  PROTOCOL_VERSION,
  type RunPosition,
  type StartRun,
  type ToNode,
  type ToNodePacket,
} from "../../../src/cluster/messages.ts";
import type { NodeModel } from "../../../src/cluster/node/announcement.ts";
import { ClusterNode } from "../../../src/cluster/node/cluster-node.ts";
import { NodeEngine } from "../../../src/cluster/node/node-engine.ts";
import { subjectsOf } from "../../../src/cluster/subjects.ts";
import type { ModelInfo } from "../../../src/generation/model-info.ts";
import { PLAIN_PREPARED } from "../clients/requests.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeNodeWorker } from "./fake-node-worker.ts";
import { MemoryBus, type MemoryLink } from "./memory-link.ts";

export const MODEL_KEY = "k";
export const GRACE_MS = 10_000;
const SUBJECTS = subjectsOf("test");
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
  const gateway = (id: string, term: number) => new TestGateway(bus.link(), { id, term });
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

/** What has been sent until now arrives, and is answered. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 3; turns++) await turn();
}

class TestGateway {
  readonly link: MemoryLink;
  readonly #link: ClusterLink;
  readonly #from: ToNodePacket["from"];
  /** Every packet from the node, and every message in them. */
  readonly packets: FromNodePacket[] = [];
  version = PROTOCOL_VERSION;

  constructor(link: MemoryLink, from: ToNodePacket["from"]) {
    this.link = link;
    this.#link = link;
    this.#from = from;
    link.subscribe(SUBJECTS.toGateway(from), (packet) => {
      this.packets.push(packet as FromNodePacket);
    });
  }

  get received(): readonly FromNode[] {
    return this.packets.flatMap(({ messages }) => messages);
  }

  receivedOf<Type extends FromNode["type"]>(type: Type) {
    return this.received.filter(
      (message): message is Extract<FromNode, { type: Type }> => message.type === type,
    );
  }

  /** All events of a run that have arrived, each as `number type`, also those that were sent again. */
  eventsOf(id: string): readonly string[] {
    return this.receivedOf("step")
      .flatMap(({ events }) => events)
      .filter(({ event }) => event.id === id)
      .map(({ number, event }) => {
        if (event.type !== "output") return `${number} ${event.type}`;
        return `${number} ${"text" in event.event ? event.event.text : event.event.type}`;
      });
  }

  /** One packet. Resolves when it has arrived and was answered. */
  async send(...messages: ToNode[]): Promise<void> {
    const packet: ToNodePacket = { version: this.version, from: this.#from, messages };
    this.#link.publish(SUBJECTS.toNode(NODE), packet);
    await settled();
  }

  start(id: string, options: Partial<StartRun> = {}): Promise<void> {
    return this.send(startOf(id, options));
  }

  sync(runs: readonly RunPosition[] = [], questions: readonly string[] = []): Promise<void> {
    return this.send({ type: "sync", runs, questions });
  }

  forget(): void {
    this.packets.length = 0;
  }
}

function startOf(id: string, options: Partial<StartRun> = {}): StartRun {
  return {
    ...{ type: "start", id, model: MODEL_KEY, request: PLAIN_PREPARED, generated: [] },
    ...{ cacheScope: "", creditBytes: 100, kept: null, history: [] },
    ...options,
  };
}

export function keptStream(streamId: string): { readonly kept: StartRun["kept"] } {
  return { kept: { streamId, origin: { form: "of the answer" } } };
}
