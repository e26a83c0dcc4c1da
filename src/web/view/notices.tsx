// Notices about the whole page: an unreachable server, a model that is not ready, a browser that stores nothing.

import { useChats, useOpen, useStatus } from "./context.ts";
import { percent } from "./format.ts";

export function Notices() {
  const open = useOpen();
  const { isPersistent, saveProblem } = useChats();
  const { failure, readiness } = useStatus();
  return (
    <div className="notices">
      {failure?.status === 401 && (
        <p className="notice is-warning">
          This server requires an API key.{" "}
          <button type="button" className="link" onClick={() => open("key")}>
            Enter key
          </button>
        </p>
      )}
      {failure && failure.status !== 401 && (
        <p className="notice is-error" role="alert">
          {failure.message} Retrying…
        </p>
      )}
      {!failure && readiness && readiness.status !== "ready" && (
        <p className="notice">
          {statusText(readiness.status, readiness.reason)}
          {readiness.status === "loading" && (
            <progress value={readiness.loadProgress} aria-label="Loading the model">
              {percent(readiness.loadProgress)}
            </progress>
          )}
        </p>
      )}
      {!isPersistent && (
        <p className="notice is-warning">
          This browser does not store data for this page. Your chats are lost when you close it.
        </p>
      )}
      {saveProblem !== null && (
        <p className="notice is-error" role="alert">
          The last change could not be saved: {saveProblem}
        </p>
      )}
    </div>
  );
}

function statusText(status: string, reason: string | null): string {
  switch (status) {
    case "loading":
      return "The model is loading. You can already send messages; they wait until it is ready.";
    case "restarting":
      return "The model process crashed and is restarting. Answers continue automatically.";
    case "draining":
      return "The server is shutting down and accepts no new messages.";
    case "failed":
      return `The model failed to load: ${reason ?? "the server gave no reason"}`;
    default:
      return `Server status: ${status}`;
  }
}
