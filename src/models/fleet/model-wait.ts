// What a request is told while it waits for its model.

import type { EngineStatus } from "../../engine/engine.ts";
import type { WaitingStatus } from "../../generation/wait-status.ts";
import type { Lane } from "../../queue/lane.ts";

export type RequestInside = {
  /** Whether it has a slot. */
  readonly isRunning: boolean;
  readonly enteredAtMs: number;
};

export type AwaitedModel = {
  readonly lane: Lane;
  readonly engine: EngineStatus;
  readonly isLoading: boolean;
  /** Expected time until it is loaded; null before it was loaded for the first time. */
  readonly loadEtaMs: number | null;
};

/** Null while the request does not wait for the model. Before it is being loaded, the request has a place at the gate. */
export function modelWait(
  { isRunning, enteredAtMs }: RequestInside,
  { lane, engine, isLoading, loadEtaMs: etaMs }: AwaitedModel,
): WaitingStatus | null {
  const isHere = lane.isGateOpen || isRunning;
  if (isHere && engine.state === "ready") return null;
  if (!isHere && !isLoading)
    return { type: "queued", position: lane.positionAtGate(enteredAtMs), etaMs: null };
  const progress = Math.round(engine.loadProgress * 100) / 100;
  return { type: "loading", state: isLoading ? "loading" : engine.state, progress, etaMs };
}
