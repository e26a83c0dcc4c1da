// What an answer waits for while there is nothing of it to read.

import type { Phase } from "../../conversation/conversation.ts";
import { phaseWords } from "./phase-words.ts";

export function PhaseLine({ phase }: { readonly phase: Phase }) {
  const share = shareOf(phase);
  return (
    <p className="phase-line">
      <span className="pulse" aria-hidden="true" />
      {phaseWords(phase)}
      {share !== null && <progress value={share} aria-label={phaseWords(phase)} />}
    </p>
  );
}

function shareOf(phase: Phase): number | null {
  if (phase.type === "loading") return phase.progress;
  if (phase.type === "reading" && phase.total > 0) return phase.processed / phase.total;
  return null;
}
