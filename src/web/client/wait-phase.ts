// The wait status that the server sends while a request waits: comments of an SSE stream, messages of a WebSocket.

import type { WaitPhase } from "../conversation/conversation.ts";

/** The fields of a WebSocket's message. docs/api/websocket.md documents them. */
export type WireStatus = {
  readonly state?: string;
  readonly position?: number;
  readonly eta_ms?: number | null;
  readonly progress?: number;
};

/** Null for a state that the page does not show. */
export function phaseFrom({ state, position, eta_ms, progress }: WireStatus): WaitPhase | null {
  switch (state) {
    case "queued":
      return { type: "queued", position: position ?? 1, etaMs: eta_ms ?? null };
    case "unloaded": // until the server has begun to load it
      return { type: "loading", progress: null, etaMs: eta_ms ?? null };
    case "loading":
      return { type: "loading", progress: progress ?? null, etaMs: eta_ms ?? null };
    case "restarting":
      return { type: "restarting" };
    default:
      return null;
  }
}

/** @param comment such as `queued position=3 eta_ms=4200`; docs/api/streams.md documents the comments */
export function phaseInComment(comment: string): WaitPhase | null {
  const [state = "", ...fields] = comment.trim().split(" ");
  const pairs = fields.map((field) => field.split("=", 2));
  const numbers = Object.fromEntries(pairs.map(([name, value]) => [name, Number(value)]));
  return phaseFrom({ ...numbers, state }); // also of a heartbeat, or a comment of a proxy
}
