// How long a request has to wait: its queue position and queue time, and the wait status that its client is sent.

import type { Engine } from "../../engine/engine.ts";
import type { WaitingStatus } from "../../generation/wait-status.ts";
import type { QueuePosition, Ticket } from "../../queue/ticket.ts";

/** Null once one of the choices has a slot. */
export function waitStatusOf(
  engine: Pick<Engine, "status">,
  tickets: readonly Ticket[],
): WaitingStatus | null {
  const { state, loadProgress } = engine.status();
  if (state !== "ready")
    return { type: "loading", state, progress: Math.round(loadProgress * 100) / 100 };
  const place = placeOf(tickets);
  return place && { type: "queued", ...place };
}

/** The first choice's place in the queue; null when one of the choices is not waiting for a slot. */
export function placeOf(tickets: readonly Ticket[]): QueuePosition | null {
  const places = tickets.map(({ queuePosition }) => queuePosition);
  return places.includes(null) ? null : (places[0] ?? null);
}

/** The longest queue time of the choices, in ms. */
export function waitedMs(tickets: readonly Ticket[]): number {
  return Math.max(...tickets.map((ticket) => ticket.waitedMs));
}
