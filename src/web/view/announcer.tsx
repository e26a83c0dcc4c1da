// Announces the start and the end of an answer to screen readers, but not every token.

import type { ChatAnswer } from "../conversation/conversation.ts";
import { plainText } from "../markdown/plain-text.ts";
import { phaseText } from "./answer/phase-text.ts";
import { useCurrent } from "./context.ts";

/** More than enough for the excerpt. */
const MAX_READ_CHARACTERS = 2_000;

export function Announcer() {
  const last = useCurrent().turns.findLast((turn) => turn.kind === "answer");
  return (
    <div className="visually-hidden" role="status" aria-live="polite">
      {last ? announcement(last) : ""}
    </div>
  );
}

function announcement(answer: ChatAnswer): string {
  switch (answer.phase.type) {
    case "writing":
      return "Writing the answer.";
    case "done":
      return answer.calls.length > 0
        ? "Calling a tool."
        : `Answer: ${excerpt(plainText(answer.text.slice(0, MAX_READ_CHARACTERS)))}`;
    case "stopped":
      return "Answer stopped.";
    case "failed":
      return `The answer failed: ${answer.failure?.message ?? ""}`;
    case "loading":
      return "Loading the model."; // without the numbers, which change often
    case "reading":
      return "Reading the prompt.";
    default:
      return phaseText(answer.phase);
  }
}

/** Shortens a long text, which the user can read on the page. */
function excerpt(text: string): string {
  return text.length <= 300 ? text : `${text.slice(0, 300)}… The rest is on the page.`;
}
