// A gateway by hand: sends messages to one node, and keeps what the node sends.

import { setImmediate as turn } from "node:timers/promises";
import type { ClusterLink } from "../../../src/cluster/link.ts";
import {
  type FromNode,
  type FromNodePacket,
  type NodeId,
  PROTOCOL_VERSION,
  type RunPosition,
  type StartRun,
  type ToNode,
  type ToNodePacket,
} from "../../../src/cluster/messages.ts";
import { type Subjects, subjectsOf } from "../../../src/cluster/subjects.ts";
import { PLAIN_PREPARED } from "../clients/requests.ts";

/** The key of the model that it starts runs of. */
export const MODEL_KEY = "k";

/** What has been sent until now arrives, and is answered. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 3; turns++) await turn();
}

export type TestGatewayOptions<Link extends ClusterLink> = {
  readonly link: Link;
  readonly from: ToNodePacket["from"];
  readonly cluster: string;
  /** The node that gets its packets. */
  readonly node: NodeId;
};

export class TestGateway<Link extends ClusterLink> {
  readonly #options: TestGatewayOptions<Link>;
  readonly #subjects: Subjects;
  /** Every packet from the node, and every message in them. */
  readonly packets: FromNodePacket[] = [];
  version = PROTOCOL_VERSION;
  isRetiring = false;

  constructor(options: TestGatewayOptions<Link>) {
    this.#options = options;
    this.#subjects = subjectsOf(options.cluster);
    options.link.subscribe(this.#subjects.toGateway(options.from), (packet) => {
      this.packets.push(packet as FromNodePacket);
    });
  }

  get link(): Link {
    return this.#options.link;
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

  /** One packet. Within one process, it has arrived and was answered when this resolves. */
  async send(...messages: ToNode[]): Promise<void> {
    const { link, node } = this.#options;
    const from = { ...this.#options.from, isRetiring: this.isRetiring };
    const packet: ToNodePacket = { version: this.version, from, messages };
    link.publish(this.#subjects.toNode(node), packet);
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

export function startOf(id: string, options: Partial<StartRun> = {}): StartRun {
  return {
    ...{ type: "start", id, model: MODEL_KEY, request: PLAIN_PREPARED, generated: [] },
    ...{ cacheScope: "", creditBytes: 100, kept: null, history: [] },
    ...options,
  };
}

export function keptStream(streamId: string): { readonly kept: StartRun["kept"] } {
  return { kept: { streamId, origin: { form: "of the answer" } } };
}
