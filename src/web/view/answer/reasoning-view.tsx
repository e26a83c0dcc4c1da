// What the model thought before its answer: folded, with the time that it took.

import { useEffect, useState } from "react";
import type { Answer } from "../../conversation/conversation.ts";
import { duration } from "../format.ts";

export function ThoughtsView({ answer }: { readonly answer: Answer }) {
  const { thoughts, thinkingSinceMs, thoughtMs, phase } = answer;
  const isThinking = phase.type === "thinking";
  const nowMs = useClock(isThinking);
  const passedMs = thoughtMs ?? Math.max(0, nowMs - (thinkingSinceMs ?? nowMs));
  return (
    <details className="thoughts">
      <summary>
        {isThinking && <span className="pulse" aria-hidden="true" />}
        {isThinking ? `Thinking, ${duration(passedMs)}` : `Thought for ${duration(passedMs)}`}
      </summary>
      <div className="thoughts-text">{thoughts}</div>
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
