// A `ClusterLink` over one NATS connection.

import { setTimeout as sleep } from "node:timers/promises";
import type { NatsConnection, Status } from "@nats-io/transport-node";
import { stackOf } from "../../errors.ts";
import type { Logger } from "../../log.ts";
import { type ClusterLog, limitedLog } from "../limited-log.ts";
import type { ClusterLink } from "../link.ts";
import { errorText } from "./error-text.ts";
import { PacketJoiner, PacketSplitter } from "./fragments.ts";
import { decodePacket, encodePacket } from "./packet-codec.ts";

export type LinkLog = Pick<Logger, "info" | "warn" | "error">;

/** How long `close` waits for what was published. */
const FLUSH_MS = 1_000;
/** Different errors of one connection that are remembered. */
const MOST_ERRORS = 20;

export class NatsLink implements ClusterLink {
  /** For JetStream. */
  readonly nats: NatsConnection;
  readonly #log: LinkLog;
  /** For what others can cause. */
  readonly #logLimited: ClusterLog;
  readonly #splitter = new PacketSplitter();
  readonly #joiners = new Set<PacketJoiner>();
  readonly #listeners = new Set<(isConnected: boolean) => void>();
  #isConnected = true;
  /** The last errors of this connection, so that those that are repeated, also in turn, have one line each. */
  readonly #lastErrors = new Set<string>();

  /** @param nats connected */
  constructor(nats: NatsConnection, log: LinkLog) {
    this.nats = nats;
    this.#log = log;
    this.#logLimited = limitedLog(
      (level, message) => log[level](message),
      () => performance.now(),
    );
    log.info(`connected to NATS at ${nats.getServer()}`);
    void this.#followStatus();
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  publish(subject: string, packet: unknown): void {
    if (!this.#isConnected) return;
    try {
      const maxBytes = this.nats.info?.max_payload ?? 2 ** 20;
      for (const payload of this.#splitter.split(encodePacket(packet), maxBytes))
        this.nats.publish(subject, payload);
    } catch (error) {
      this.#logLimited(
        "error",
        `a packet for ${subject} was not sent: ${(error as Error).message}`,
      );
    }
  }

  subscribe(subject: string, receive: (packet: unknown) => void): () => void {
    const joiner = new PacketJoiner();
    this.#joiners.add(joiner);
    const subscription = this.nats.subscribe(subject, {
      callback: (error, message) => {
        if (error) return this.#logOnce(`NATS ends the subscription of ${subject}`, error);
        this.#receive(() => joiner.add(message.data), { subject, receive });
      },
    });
    return () => {
      this.#joiners.delete(joiner);
      if (!this.nats.isClosed()) subscription.unsubscribe();
    };
  }

  onConnection(listener: (isConnected: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#isConnected) {
      const flushed = this.nats.flush().catch(() => {}); // the connection was lost
      await Promise.race([flushed, sleep(FLUSH_MS, undefined, { ref: false })]);
    }
    this.#isConnected = false;
    this.#listeners.clear();
    await this.nats.close();
  }

  /** An error that escapes would end the reading of the connection. */
  #receive(
    join: () => Uint8Array | null,
    { subject, receive }: { readonly subject: string; readonly receive: (packet: unknown) => void },
  ): void {
    let packet: unknown;
    try {
      const bytes = join();
      if (bytes === null) return;
      packet = decodePacket(bytes);
    } catch (error) {
      return this.#logOnce(`a packet of ${subject} cannot be read`, error as Error);
    }
    try {
      receive(packet);
    } catch (error) {
      this.#logLimited("error", `bug: a packet of ${subject} failed: ${stackOf(error)}`);
    }
  }

  async #followStatus(): Promise<void> {
    for await (const status of this.nats.status()) this.#onStatus(status);
  }

  #onStatus(status: Status): void {
    switch (status.type) {
      case "disconnect":
        return this.#setConnected(false);
      case "reconnect":
        return this.#setConnected(true);
      case "error":
        return this.#logOnce("NATS refuses", status.error);
      default:
    }
  }

  #setConnected(isConnected: boolean): void {
    if (isConnected === this.#isConnected || this.nats.isClosed()) return;
    this.#isConnected = isConnected;
    this.#lastErrors.clear();
    for (const joiner of this.#joiners) joiner.clear();
    if (isConnected) this.#log.info(`connected to NATS at ${this.nats.getServer()} again`);
    else this.#log.warn("the connection to NATS is lost; trying to connect again");
    for (const listener of this.#listeners) listener(isConnected);
  }

  #logOnce(what: string, error: Error): void {
    const line = `${what}: ${errorText(error)}`;
    if (this.#lastErrors.has(line)) return;
    this.#logLimited("error", line);
    if (this.#lastErrors.size >= MOST_ERRORS) this.#lastErrors.clear();
    this.#lastErrors.add(line);
  }
}
