// Shows how much of the model's context the conversation uses, based on the token counts of the last answer.

import type { Conversation } from "../../conversation/conversation.ts";
import { useChosenModel, useCurrent } from "../context.ts";
import { count, percent } from "../format.ts";

export function ContextGauge() {
  const conversation = useCurrent();
  const total = useChosenModel().model?.contextTokens ?? null; // unknown until the model was loaded
  const used = usedTokens(conversation);
  if (total === null || used === 0) return null;
  const share = Math.min(1, used / total);
  const label = `${count(used)} of ${count(total)} context tokens used`;
  const level = share > 0.95 ? "is-full" : share > 0.8 ? "is-high" : "";
  return (
    <span className={`gauge ${level}`} role="img" aria-label={label} title={label}>
      <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
        <circle cx="11" cy="11" r="8" className="gauge-ground" />
        <circle
          cx="11"
          cy="11"
          r="8"
          className="gauge-share"
          pathLength="100"
          strokeDasharray={`${share * 100} 100`}
        />
      </svg>
      <span className="gauge-number">{percent(share)}</span>
    </span>
  );
}

/** Prompt and generated tokens of the last answer with statistics. */
export function usedTokens({ turns }: Conversation): number {
  const last = turns.findLast((turn) => turn.kind === "answer" && turn.numbers !== null);
  if (last?.kind !== "answer" || !last.numbers) return 0;
  return last.numbers.promptTokens + last.numbers.generatedTokens;
}
