// What the node sends to gateways: all messages of one turn of the event loop to one gateway in one packet.

import type { ClusterLink } from "../link.ts";
import { type FromNode, type FromNodePacket, type NodeId, PROTOCOL_VERSION } from "../messages.ts";
import type { Subjects } from "../subjects.ts";

type OutboxOptions = {
  readonly link: Pick<ClusterLink, "publish">;
  readonly subjects: Subjects;
  readonly node: NodeId;
};

export class GatewayOutbox {
  readonly #options: OutboxOptions;
  /** By the gateway's id. */
  #messages = new Map<string, FromNode[]>();

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Vectors have packets of their own: together they could be larger than a packet may be. */
  post(gateway: string, message: FromNode): void {
    const isLarge = message.type === "vectors" || message.type === "embedded";
    if (isLarge) this.flush();
    if (this.#messages.size === 0) setImmediate(() => this.flush());
    const messages = this.#messages.get(gateway);
    if (messages) messages.push(message);
    else this.#messages.set(gateway, [message]);
    if (isLarge) this.flush();
  }

  /** Sends at once. */
  flush(): void {
    const { link, subjects, node } = this.#options;
    const all = this.#messages;
    this.#messages = new Map();
    for (const [id, messages] of all) {
      const packet: FromNodePacket = { version: PROTOCOL_VERSION, from: node, messages };
      link.publish(subjects.toGateway({ id }), packet);
    }
  }
}
