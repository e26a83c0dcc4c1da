// ClusterLinks within one process: a bus that delivers packets in order, each as a copy, and that can lose them, as NATS can.

import type { ClusterLink } from "../../../src/cluster/link.ts";

/** A packet on its way from one link to another. */
export type PacketInTransit = {
  readonly from: MemoryLink;
  readonly to: MemoryLink;
  readonly subject: string;
  readonly packet: unknown;
};

export class MemoryBus {
  readonly #links = new Set<MemoryLink>();
  readonly #cuts = new Set<string>();
  #drops: ((transit: PacketInTransit) => boolean)[] = [];
  #count = 0;

  /** Adds a participant. */
  link(): MemoryLink {
    this.#count += 1;
    const link = new MemoryLink(this.#count, (...sent) => this.#carry(...sent));
    this.#links.add(link);
    return link;
  }

  /** Loses every packet between these two, both ways, until `heal()`. They stay connected to the bus. */
  cut(one: MemoryLink, other: MemoryLink): void {
    this.#cuts.add(cutName(one, other)).add(cutName(other, one));
  }

  heal(one: MemoryLink, other: MemoryLink): void {
    this.#cuts.delete(cutName(one, other));
    this.#cuts.delete(cutName(other, one));
  }

  /** Loses one packet: the next for which it returns true. */
  dropNext(isDropped: (transit: PacketInTransit) => boolean): void {
    this.#drops.push(isDropped);
  }

  #carry(from: MemoryLink, subject: string, packet: unknown): void {
    for (const to of this.#links) {
      if (!to.isConnected || !to.reads(subject) || this.#cuts.has(cutName(from, to))) continue;
      if (this.#isDropped({ from, to, subject, packet })) continue;
      const copy = structuredClone(packet);
      queueMicrotask(() => to.receive(subject, copy));
    }
  }

  #isDropped(transit: PacketInTransit): boolean {
    const index = this.#drops.findIndex((isDropped) => isDropped(transit));
    if (index >= 0) this.#drops = this.#drops.filter((_, at) => at !== index);
    return index >= 0;
  }
}

export class MemoryLink implements ClusterLink {
  readonly number: number;
  readonly #carry: (from: MemoryLink, subject: string, packet: unknown) => void;
  readonly #readers = new Map<string, Set<(packet: unknown) => void>>();
  readonly #listeners = new Set<(isConnected: boolean) => void>();
  #isConnected = true;

  constructor(number: number, carry: (from: MemoryLink, subject: string, packet: unknown) => void) {
    this.number = number;
    this.#carry = carry;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  publish(subject: string, packet: unknown): void {
    if (this.#isConnected) this.#carry(this, subject, packet);
  }

  subscribe(subject: string, receive: (packet: unknown) => void): () => void {
    const readers = this.#readers.get(subject) ?? new Set();
    this.#readers.set(subject, readers);
    readers.add(receive);
    return () => readers.delete(receive);
  }

  onConnection(listener: (isConnected: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#readers.clear();
    this.#listeners.clear();
    this.#isConnected = false;
  }

  /** Loses the connection to the bus, until `reconnect()`. */
  disconnect(): void {
    this.#changeConnection(false);
  }

  reconnect(): void {
    this.#changeConnection(true);
  }

  reads(subject: string): boolean {
    return (this.#readers.get(subject)?.size ?? 0) > 0;
  }

  /** Packets that were on their way when the connection was lost do not arrive. */
  receive(subject: string, packet: unknown): void {
    if (!this.#isConnected) return;
    for (const read of [...(this.#readers.get(subject) ?? [])]) read(packet);
  }

  #changeConnection(isConnected: boolean): void {
    if (this.#isConnected === isConnected) return;
    this.#isConnected = isConnected;
    for (const listener of [...this.#listeners]) listener(isConnected);
  }
}

function cutName(from: MemoryLink, to: MemoryLink): string {
  return `${from.number} ${to.number}`;
}
