// A resumable stream that outlives its gateway: the node that generates it keeps what another gateway needs to continue it.

import type { ServiceError } from "../errors.ts";
import type { GenerateEvent } from "./events.ts";
import type { Json, PreparedRequest } from "./request.ts";
import type { SlotLease } from "./slot-lease.ts";

export type KeptStream = {
  readonly streamId: string;
  /** What the HTTP layer needs to write the same frames again. Engines and nodes do not look inside. */
  readonly origin: Json;
};

/**
 * Whether a kept stream that ends with this error is left to another gateway: this one shuts down, or has lost its nodes or
 * its lease. The run on the node must go on, and the client must reconnect rather than get an error.
 */
export function isLeftToOthers({ code }: ServiceError): boolean {
  return code === "draining" || code === "engine_unavailable";
}

export type ContinueOptions = {
  readonly signal: AbortSignal;
  readonly deadline: AbortSignal;
  /** For a later run, if the node of this one is lost. */
  readonly lease: SlotLease;
};

/** A stream whose gateway is gone, found on a node. */
export interface FoundStream {
  readonly origin: Json;
  readonly request: PreparedRequest;
  /** Name of its model, as the gateway's list has it. */
  readonly model: string;
  /** Takes it over: yields all its events again, from the first one on and each as the node sent it, and then the new ones. */
  continue(options: ContinueOptions): AsyncIterable<GenerateEvent>;
}

/** Finds streams of gateways that are gone. */
export interface StreamFinder {
  /** Null if no node has it. Waits at most a few seconds. @throws ServiceError `engine_unavailable` without a connection */
  find(streamId: string, signal: AbortSignal): Promise<FoundStream | null>;
}
