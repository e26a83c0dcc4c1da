// Tells a screen reader where the answer is: its beginning and its end, not every token.

import type { Answer } from "../conversation/conversation.ts";
import { phaseWords } from "./answer/phase-words.ts";
import { useCurrent } from "./context.ts";

export function Announcer() {
  const last = useCurrent().turns.findLast((turn) => turn.kind === "answer");
  return (
    <div className="visually-hidden" role="status" aria-live="polite">
      {last ? announcement(last) : ""}
    </div>
  );
}

function announcement(answer: Answer): string {
  switch (answer.phase.type) {
    case "writing":
      return "The answer is being written.";
    case "done":
      return answer.calls.length > 0 ? "The model calls a tool." : `Answer: ${plain(answer.text)}`;
    case "stopped":
      return "The answer was stopped.";
    case "failed":
      return `The answer failed: ${answer.failure?.message ?? ""}`;
    case "reading":
      return "The prompt is being read."; // not every percent
    default:
      return phaseWords(answer.phase);
  }
}

/** Long ones are read on the page itself. */
function plain(text: string): string {
  return text.length <= 300 ? text : `${text.slice(0, 300)} ... The rest is on the page.`;
}
