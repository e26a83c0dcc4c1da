// Shows what an answer is waiting for while it has no text.

import type { Phase } from "../../conversation/conversation.ts";
import { phaseText } from "./phase-text.ts";

export function PhaseLine({ phase }: { readonly phase: Phase }) {
  const progress = progressOf(phase);
  return (
    <p className="phase-line">
      <span className="pulse" aria-hidden="true" />
      {phaseText(phase)}
      {progress !== null && <progress value={progress} aria-label={phaseText(phase)} />}
    </p>
  );
}

function progressOf(phase: Phase): number | null {
  if (phase.type === "loading") return phase.progress;
  if (phase.type === "reading" && phase.total > 0) return phase.processed / phase.total;
  return null;
}
