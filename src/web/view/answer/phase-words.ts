// Where an answer is, in words.

import type { Phase } from "../../conversation/conversation.ts";
import { duration, percent } from "../format.ts";

/** Of the three ends: nothing, the answer itself shows them. */
export function phaseWords(phase: Phase): string {
  switch (phase.type) {
    case "connecting":
      return "Connecting";
    case "loading":
      return phase.progress === null
        ? "The model is being loaded"
        : `The model is being loaded: ${percent(phase.progress)}`;
    case "restarting":
      return "The model's process has died and is started anew. The answer goes on by itself";
    case "queued":
      return queuedWords(phase.position, phase.etaMs);
    case "reading":
      return phase.total === 0 ? "Reading the prompt" : readingWords(phase.processed, phase.total);
    case "thinking":
      return "Thinking";
    case "writing":
      return "Writing";
    case "calling":
      return "Calling a tool";
    case "reconnecting":
      return `The connection was lost. Trying to come back (${phase.attempt})`;
    case "done":
    case "stopped":
    case "failed":
      return "";
  }
}

function queuedWords(position: number, etaMs: number | null): string {
  const place = position === 1 ? "Next in the queue" : `Number ${position} in the queue`;
  return etaMs === null ? place : `${place}, about ${duration(Math.max(1000, etaMs))}`;
}

function readingWords(processed: number, total: number): string {
  return `Reading the prompt: ${percent(processed / total)}`;
}
