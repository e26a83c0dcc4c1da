// The model's reasoning before its answer: collapsed, with the time it took.

import { useEffect, useState } from "react";
import type { ChatAnswer } from "../../conversation/conversation.ts";
import { duration } from "../format.ts";

export function ReasoningView({ answer }: { readonly answer: ChatAnswer }) {
  const { thoughts, thinkingSinceMs, thoughtMs, phase } = answer;
  const isReasoning = phase.type === "thinking";
  const nowMs = useClock(isReasoning);
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

const TICK_MS = 200;

function useClock(isRunning: boolean): number {
  const [nowMs, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [isRunning]);
  return nowMs;
}
