// Notices about the whole page: an unreachable server, a model that is not ready, a browser that stores nothing.

import { useSyncExternalStore } from "react";
import { pageUpdate } from "../browser/page-update.ts";
import type { PageModel } from "../client/page-models.ts";
import type { ServerReadiness } from "../client/server.ts";
import { useChats, useChosenModel, useOpen, useStatus } from "./context.ts";
import { percent } from "./format.ts";

export function Notices() {
  const open = useOpen();
  const { isPersistent, saveProblem } = useChats();
  const { failure, readiness, models } = useStatus();
  const { model } = useChosenModel();
  const hasUpdate = useSyncExternalStore(pageUpdate.subscribe, pageUpdate.get);
  const isDefault = model === null || model === models[0];
  const state = readiness && (isDefault ? readiness : stateOf(model, readiness));
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
      {!failure && state && state.status !== "ready" && (
        <p className="notice">
          {statusText(state.status, state.reason)}
          {state.status === "loading" && (
            <progress value={state.loadProgress} aria-label="Loading the model">
              {percent(state.loadProgress)}
            </progress>
          )}
        </p>
      )}
      {!isPersistent && (
        <p className="notice is-warning">
          This browser does not store data for this page. Your chats are lost when you close it.
        </p>
      )}
      {hasUpdate && (
        <p className="notice">
          The server has a newer version of this page.{" "}
          <button type="button" className="link" onClick={() => location.reload()}>
            Reload
          </button>
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

/** The readiness is that of the default model. Another one is loaded when a question needs it, and the answer then shows that. */
function stateOf(
  { state, reason, loadProgress }: PageModel,
  readiness: ServerReadiness,
): ServerReadiness {
  const hasTrouble = state === "restarting" || state === "failed";
  const status = readiness.status === "draining" ? "draining" : hasTrouble ? state : "ready";
  return { status, reason, loadProgress };
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
