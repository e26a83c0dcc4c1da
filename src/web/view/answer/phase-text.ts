// Describes the state of an answer to the user.

import type { Phase } from "../../conversation/conversation.ts";
import { percent, timeLeft } from "../format.ts";

/** Empty for the final states, which the answer itself shows. */
export function phaseText(phase: Phase): string {
  switch (phase.type) {
    case "connecting":
      return "Connecting…";
    case "loading":
      return loadingText(phase.progress, phase.etaMs ?? null);
    case "restarting":
      return "The model process crashed and is restarting. The answer continues automatically.";
    case "queued":
      return queueText(phase.position, phase.etaMs);
    case "reading":
      return phase.total === 0
        ? "Reading the prompt…"
        : `Reading the prompt: ${percent(phase.processed / phase.total)}`;
    case "thinking":
      return "Reasoning…";
    case "writing":
      return "Writing…";
    case "calling":
      return "Calling a tool…";
    case "reconnecting":
      return `Connection lost. Reconnecting (attempt ${phase.attempt})`;
    case "done":
    case "stopped":
    case "failed":
      return "";
  }
}

function loadingText(progress: number | null, etaMs: number | null): string {
  const facts = [
    ...(progress === null ? [] : [percent(progress)]),
    ...(etaMs === null ? [] : [timeLeft(etaMs)]),
  ];
  return facts.length === 0 ? "Loading the model…" : ["Loading the model", ...facts].join(", ");
}

function queueText(position: number, etaMs: number | null): string {
  const place = position === 1 ? "Next in the queue" : `Position ${position} in the queue`;
  return etaMs === null ? place : `${place}, ${timeLeft(etaMs)}`;
}
