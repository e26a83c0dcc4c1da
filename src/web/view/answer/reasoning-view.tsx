// The model's reasoning before its answer: collapsed, with the time it took.

import type { ChatAnswer } from "../../conversation/conversation.ts";
import { duration } from "../format.ts";
import { useClock } from "../use-clock.ts";

export function ReasoningView({ answer }: { readonly answer: ChatAnswer }) {
  const { thoughts, thinkingSinceMs, thoughtMs, phase } = answer;
  const isReasoning = phase.type === "thinking";
  const nowMs = useClock(isReasoning ? Number.POSITIVE_INFINITY : 0);
  const elapsedMs = thoughtMs ?? Math.max(0, nowMs - (thinkingSinceMs ?? nowMs));
  return (
    <details className="reasoning">
      <summary>
        {isReasoning && <span className="pulse" aria-hidden="true" />}
        {isReasoning ? `Reasoning… ${duration(elapsedMs)}` : `Reasoning (${duration(elapsedMs)})`}
      </summary>
      <div className="reasoning-text">{thoughts}</div>
    </details>
  );
}
