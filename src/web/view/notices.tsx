// What concerns the page as a whole: no server, a model that cannot be loaded, a browser that keeps nothing.

import { useChats, useStatus } from "./context.ts";
import { percent } from "./format.ts";

export function Notices({ onKey }: { readonly onKey: () => void }) {
  const { isLasting, saveProblem } = useChats();
  const { failure, readiness } = useStatus();
  return (
    <div className="notices">
      {failure?.status === 401 && (
        <p className="notice is-warning">
          This server wants an API key.{" "}
          <button type="button" className="link" onClick={onKey}>
            Enter it
          </button>
        </p>
      )}
      {failure && failure.status !== 401 && (
        <p className="notice is-error" role="alert">
          {failure.message} It is tried again by itself.
        </p>
      )}
      {!failure && readiness && readiness.status !== "ready" && (
        <p className="notice">
          {stateWords(readiness.status, readiness.reason)}
          {readiness.status === "loading" && (
            <progress value={readiness.loadProgress} aria-label="The model is being loaded">
              {percent(readiness.loadProgress)}
            </progress>
          )}
        </p>
      )}
      {!isLasting && (
        <p className="notice is-warning">
          This browser keeps nothing for this page: conversations are gone when it is closed.
        </p>
      )}
      {saveProblem !== null && (
        <p className="notice is-error" role="alert">
          The last change could not be kept: {saveProblem}
        </p>
      )}
    </div>
  );
}

function stateWords(status: string, reason: string | null): string {
  switch (status) {
    case "loading":
      return "The model is being loaded. You can write already: questions wait for it.";
    case "restarting":
      return "The model's process has died and is started anew. Answers go on by themselves.";
    case "draining":
      return "The server is about to end: it takes no new questions.";
    case "failed":
      return `The model cannot be loaded: ${reason ?? "no reason was given"}`;
    default:
      return `The server is ${status}.`;
  }
}
