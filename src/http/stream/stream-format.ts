// The format of a stream: implemented in framing.ts, and for WebSockets in websocket/socket-exchange.ts.

import type { Frame } from "../../api/dialect.ts";
import type { WaitingStatus } from "../../generation/wait-status.ts";

export interface StreamFormat {
  readonly contentType: string;
  encode(frames: readonly Frame[]): string;
  /** The first text of a stream; may be empty. */
  opening(heartbeatMs: number): string;
  /** What is not an event of the answer; empty if the format has no such text. @param status null for a heartbeat */
  comment(status: WaitingStatus | null): string;
}
