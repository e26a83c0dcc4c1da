// Messages of WebSockets that have begun and are not whole: each is kept in memory until it is. They share the memory of
// request bodies, by owner, and each has the time of a request's body. Used by websocket.ts.

import type { WebSocket } from "ws";
import type { BodyHold, BodyMemory } from "../server/body-memory.ts";

export type UnfinishedOptions = {
  readonly bodyMemory: BodyMemory;
  /** The largest message. */
  readonly bodyLimitBytes: number;
  readonly receiveTimeoutMs: number;
};

const POLICY_VIOLATION = 1008;
const TRY_AGAIN_LATER = 1013;
/** Heads of frames, and what is read beside a message. */
const SLACK_BYTES = 131_072;

export class UnfinishedMessages {
  readonly #options: UnfinishedOptions;

  constructor(options: UnfinishedOptions) {
    this.#options = options;
  }

  /**
   * Counts bytes as they are read, not as frames announce them: small fragments keep all that was read with them.
   * @param ownerOf who shares the memory with others
   * @returns to be called with the number of bytes whenever ws has read more of this socket
   */
  watch(client: WebSocket, ownerOf: () => string): (bytes: number) => void {
    const { bodyMemory, bodyLimitBytes, receiveTimeoutMs } = this.#options;
    let hold: BodyHold | null = null;
    let readBytes = 0;
    let timer: NodeJS.Timeout | undefined;
    const refuse = (code: number, reason: string) => {
      client.close(code, reason);
      client.pause(); // what follows would be kept until the socket is closed
    };
    const onLate = () =>
      refuse(POLICY_VIOLATION, "a message did not come in time (--receive-timeout)");
    const begin = () => {
      hold?.release();
      hold = null;
      readBytes = 0;
      clearTimeout(timer);
      timer = undefined;
    };
    client.on("message", begin);
    client.once("close", begin);
    return (bytes) => {
      if (client.readyState !== client.OPEN) return;
      if (announcedBytes(client) === 0) return begin();
      readBytes += bytes;
      timer ??= setTimeout(onLate, receiveTimeoutMs);
      if (readBytes > bodyLimitBytes + SLACK_BYTES)
        return refuse(POLICY_VIOLATION, "a message comes with too much around it");
      hold ??= bodyMemory.hold(ownerOf());
      try {
        hold.resize(readBytes);
      } catch {
        refuse(TRY_AGAIN_LATER, "there is no memory for this message at the moment");
      }
    };
  }
}

/** Of the message that is being read, as the heads of its frames tell; 0 between messages. ws has no other way to it. */
export function announcedBytes(client: WebSocket): number {
  const { _receiver } = client as unknown as {
    readonly _receiver: { readonly _totalPayloadLength: number };
  };
  return _receiver._totalPayloadLength;
}
