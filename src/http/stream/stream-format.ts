// The format of a stream: implemented in framing.ts, and for WebSockets in websocket/socket-exchange.ts.

import type { Frame } from "../../api/dialect.ts";
import type { WaitingStatus } from "../../generation/wait-status.ts";

export interface StreamFormat {
  readonly contentType: string;
  /** Whether events can have ids, which make a stream resumable: `asked` only if the client asks for it. */
  readonly eventIds: "usual" | "asked" | "none";
  encode(frames: readonly Frame[]): string;
  /** The first text of a stream; may be empty. */
  opening(heartbeatMs: number): string;
  /** The text of a wait status or heartbeat; empty if the format has none. @param status null for a heartbeat */
  comment(status: WaitingStatus | null): string;
  /** The last text of a stream. Absent if there is none. */
  closing?(): string;
}
