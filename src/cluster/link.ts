// How packets travel between gateways and nodes: over NATS, or within one process in tests. Packets may be lost, and never
// arrive twice or in another order, as with NATS core.

export interface ClusterLink {
  /** Whether packets can be sent now. */
  readonly isConnected: boolean;
  /** Sends plain data, of any size. Without a connection it is dropped: `sync` repairs what that loses. */
  publish(subject: string, packet: unknown): void;
  /** @returns a function that ends the subscription */
  subscribe(subject: string, receive: (packet: unknown) => void): () => void;
  /** Called at each loss and return of the connection. @returns a function that removes the listener */
  onConnection(listener: (isConnected: boolean) => void): () => void;
  close(): Promise<void>;
}

/** The lease of the active gateway. One gateway at a time has it; the others stand by. */
export interface GatewayLease {
  /** Whether this gateway is active, by its own clock: false as soon as it could not renew the lease in time. */
  readonly isHeld: boolean;
  /** This gateway's term while it is active: greater than that of every gateway before it. */
  readonly term: number;
  /**
   * Id of the active gateway, as far as known; null for none. Remains this gateway's own id after its lease has expired, as long
   * as no other gateway has it: after NATS was away it becomes active again, with a greater term.
   */
  readonly holder: string | null;
  /** Called when this gateway becomes active, and when it is no more. */
  onChange(listener: (isHeld: boolean) => void): () => void;
  /** A node has seen this term: this gateway's becomes greater at its next renewal, if it is not. */
  surpass(term: number): void;
  /** Gives the lease back at once, so that a standby takes over without waiting. */
  close(): Promise<void>;
}
