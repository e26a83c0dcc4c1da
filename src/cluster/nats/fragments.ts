// Splits packets above the NATS server's largest payload, and joins them again. NATS core keeps the order of a sender's messages, so
// a receiver joins at most one packet of each sender at a time: a lost fragment loses that packet alone.

import { randomBytes } from "node:crypto";

/** First byte of a fragment. A packet (packet-codec.ts) never begins with it. */
const FRAGMENT = 0;
const SENDER_BYTES = 8;
/** The first byte, the sender, and three 32-bit numbers: the packet's, the fragment's, and how many there are. */
const HEADER_BYTES = 1 + SENDER_BYTES + 3 * 4;

/** Largest packet that is sent, in bytes. A NATS server cuts off a client that is 64 MB behind. */
export const MAX_PACKET_BYTES = 32 * 2 ** 20;

export class PacketSplitter {
  readonly #sender = randomBytes(SENDER_BYTES);
  #packets = 0;

  /**
   * @param maxBytes the server's largest payload
   * @returns what to send, in this order
   * @throws an error for a packet above `MAX_PACKET_BYTES`
   */
  split(packet: Uint8Array, maxBytes: number): readonly Uint8Array[] {
    if (packet.length > MAX_PACKET_BYTES)
      throw new Error(`a packet has ${packet.length} bytes; allowed are ${MAX_PACKET_BYTES}`);
    if (packet.length <= maxBytes) return [packet];
    const room = maxBytes - HEADER_BYTES;
    if (room <= 0) throw new Error(`max_payload of the NATS server is too small: ${maxBytes}`);
    const count = Math.ceil(packet.length / room);
    this.#packets = (this.#packets + 1) % 2 ** 32;
    return Array.from({ length: count }, (_, index) => {
      const part = packet.subarray(index * room, (index + 1) * room);
      const fragment = Buffer.allocUnsafe(HEADER_BYTES + part.length);
      fragment[0] = FRAGMENT;
      this.#sender.copy(fragment, 1);
      fragment.writeUInt32BE(this.#packets, 1 + SENDER_BYTES);
      fragment.writeUInt32BE(index, 5 + SENDER_BYTES);
      fragment.writeUInt32BE(count, 9 + SENDER_BYTES);
      fragment.set(part, HEADER_BYTES);
      return fragment;
    });
  }
}

type Unfinished = {
  readonly packet: number;
  readonly count: number;
  readonly parts: Uint8Array[];
  bytes: number;
};

/** Joins the packets of one subscription. */
export class PacketJoiner {
  /** By sender; the least recently received first. */
  readonly #unfinished = new Map<string, Unfinished>();
  readonly #maxBytes: number;
  #bytes = 0;

  /** @param maxBytes limit of all unfinished packets together; the oldest is dropped */
  constructor(maxBytes = 2 * MAX_PACKET_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Size of the unfinished packets. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @returns the packet that this payload completes; null for none */
  add(payload: Uint8Array): Uint8Array | null {
    if (payload[0] !== FRAGMENT) return payload;
    if (payload.length <= HEADER_BYTES) return null;
    const view = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    const sender = view.toString("latin1", 1, 1 + SENDER_BYTES);
    const packet = view.readUInt32BE(1 + SENDER_BYTES);
    const index = view.readUInt32BE(5 + SENDER_BYTES);
    const count = view.readUInt32BE(9 + SENDER_BYTES);
    const started = this.#take(sender);
    const isNext = started?.packet === packet && started.parts.length === index;
    if (!isNext && index > 0) return null; // an earlier fragment was lost
    const current = isNext ? started : { packet, count, parts: [], bytes: 0 };
    current.parts.push(view.subarray(HEADER_BYTES));
    current.bytes += payload.length - HEADER_BYTES;
    if (current.parts.length === current.count) return Buffer.concat(current.parts);
    this.#keep(sender, current);
    return null;
  }

  /** Drops all unfinished packets: their other fragments were lost with the connection. */
  clear(): void {
    this.#unfinished.clear();
    this.#bytes = 0;
  }

  #take(sender: string): Unfinished | undefined {
    const started = this.#unfinished.get(sender);
    if (started && this.#unfinished.delete(sender)) this.#bytes -= started.bytes;
    return started;
  }

  #keep(sender: string, unfinished: Unfinished): void {
    this.#unfinished.set(sender, unfinished);
    this.#bytes += unfinished.bytes;
    for (const oldest of this.#unfinished.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#take(oldest);
    }
  }
}
