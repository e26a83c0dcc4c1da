// Messages of WebSockets that have begun and are not whole: each is kept in memory until it is. All of them together have a
// limit, and each has the time of a request's body. Used by websocket.ts.

import type { WebSocket } from "ws";

export type UnfinishedOptions = {
  /** Of all sockets together. */
  readonly mostBytes: number;
  readonly receiveTimeoutMs: number;
};

const POLICY_VIOLATION = 1008;
const TRY_AGAIN_LATER = 1013;

export class UnfinishedMessages {
  readonly #options: UnfinishedOptions;
  #bytes = 0;

  constructor(options: UnfinishedOptions) {
    this.#options = options;
  }

  /** @returns to be called whenever ws has read more of this socket */
  watch(client: WebSocket): () => void {
    const { mostBytes, receiveTimeoutMs } = this.#options;
    let own = 0;
    let timer: NodeJS.Timeout | null = null;
    const refuse = (code: number, reason: string) => {
      client.close(code, reason);
      client.pause(); // what follows would be kept until the socket is closed
    };
    const count = (bytes: number) => {
      this.#bytes += bytes - own;
      own = bytes;
      if (timer && bytes === 0) clearTimeout(timer);
      if (bytes === 0) timer = null;
      else timer ??= setTimeout(onLate, receiveTimeoutMs);
    };
    const onLate = () =>
      refuse(POLICY_VIOLATION, "a message did not come in time (--receive-timeout)");
    client.once("close", () => count(0));
    return () => {
      if (client.readyState !== client.OPEN) return;
      count(announcedBytes(client));
      if (own > 0 && this.#bytes > mostBytes)
        refuse(TRY_AGAIN_LATER, "too many messages are being received");
    };
  }
}

/** Of the message that is being read, as the heads of its frames tell. ws has no other way to it. */
function announcedBytes(client: WebSocket): number {
  const { _receiver } = client as unknown as {
    readonly _receiver: { readonly _totalPayloadLength: number };
  };
  return _receiver._totalPayloadLength;
}
