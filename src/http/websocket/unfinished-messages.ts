// Limits the partly received messages of WebSockets, which ws buffers until they are complete: their memory counts as that of
// request bodies, per owner, and they have the same receive timeout. Used by websocket.ts.

import type { WebSocket } from "ws";
import type { BodyHold, BodyMemory } from "../server/body-memory.ts";

export type UnfinishedOptions = {
  /** Shared with request bodies. */
  readonly bodyMemory: BodyMemory;
  /** Limit of one message. */
  readonly bodyLimitBytes: number;
  /** Limit for receiving a complete message. */
  readonly receiveTimeoutMs: number;
};

type WatchOptions = UnfinishedOptions & {
  /** The owner to whom the memory is counted. */
  readonly ownerOf: () => string;
};

const POLICY_VIOLATION = 1008;
const TRY_AGAIN_LATER = 1013;
/** For frame headers, and bytes received together with a message. */
const SLACK_BYTES = 131_072;

/**
 * Counts the bytes received, not those announced by frames: a small fragment keeps the whole chunk it came with.
 * @returns a function to call with the number of bytes whenever ws has read from this socket
 */
export function watchUnfinished(client: WebSocket, options: WatchOptions): (bytes: number) => void {
  const { bodyMemory, bodyLimitBytes, receiveTimeoutMs, ownerOf } = options;
  let hold: BodyHold | null = null;
  let readBytes = 0;
  let timer: NodeJS.Timeout | undefined;
  const refuse = (code: number, reason: string) => {
    client.close(code, reason);
    client.pause(); // ws would buffer further data until the socket is closed
  };
  const onLate = () =>
    refuse(POLICY_VIOLATION, "a message did not arrive in time (--receive-timeout)");
  const reset = () => {
    hold?.release();
    hold = null;
    readBytes = 0;
    clearTimeout(timer);
    timer = undefined;
  };
  client.on("message", reset);
  client.once("close", reset);
  return (bytes) => {
    if (client.readyState !== client.OPEN) return;
    if (announcedBytes(client) === 0) return reset();
    readBytes += bytes;
    timer ??= setTimeout(onLate, receiveTimeoutMs);
    if (readBytes > bodyLimitBytes + SLACK_BYTES)
      return refuse(POLICY_VIOLATION, "a message has too much frame overhead");
    hold ??= bodyMemory.hold(ownerOf());
    try {
      hold.resize(readBytes);
    } catch {
      refuse(TRY_AGAIN_LATER, "too little memory is free for this message");
    }
  };
}

/** Length so far of the message being received, from its frame headers; 0 between messages. ws has no public API for it. */
export function announcedBytes(client: WebSocket): number {
  const { _receiver } = client as unknown as {
    readonly _receiver: { readonly _totalPayloadLength: number };
  };
  return _receiver._totalPayloadLength;
}
