// One model in the models panel.

import type { ModelCallKind } from "../../client/model-calls.ts";
import type { PageModel } from "../../client/page-models.ts";
import { bytes } from "../format.ts";
import { modelNote, modelProblem } from "./model-text.ts";

type RowProps = {
  readonly model: PageModel;
  /** What is being done to it. */
  readonly action: ModelCallKind | null;
  /** Why the last action failed. */
  readonly problem: string | null;
  readonly onChange: (action: "load" | "unload") => void;
  readonly onDelete: () => void;
};

export function ModelRow({ model, action, problem, onChange, onDelete }: RowProps) {
  const { id, state, loadProgress, isDeletable } = model;
  const shown = problem ?? modelProblem(model);
  return (
    <li className="model-row">
      <span className={`model-dot is-${state}`} aria-hidden="true" />
      <div className="model-row-text">
        <span className="model-name">{id}</span>
        <p className="hint">{rowNote(model)}</p>
        {state === "loading" && (
          <progress
            value={loadProgress > 0 ? loadProgress : undefined}
            aria-label={`Loading ${id}`}
          />
        )}
        {shown !== null && (
          <p key={problem} className="hint problem" role={problem === null ? undefined : "alert"}>
            {shown}
          </p>
        )}
      </div>
      <div className="model-row-buttons">
        <LoadButton model={model} action={action} onChange={onChange} />
        {isDeletable && (
          <button
            type="button"
            className="button is-danger"
            aria-label={`Delete ${id}`}
            disabled={action !== null}
            onClick={onDelete}
          >
            {action === "delete" ? "Deleting…" : "Delete"}
          </button>
        )}
      </div>
    </li>
  );
}

/** One button for both directions, so that it keeps the focus while the state changes. */
function LoadButton({ model, action, onChange }: Pick<RowProps, "model" | "action" | "onChange">) {
  const { id, state } = model;
  const isUsed = ["waiting", "loading", "ready", "restarting"].includes(state);
  const next = isUsed ? "unload" : "load";
  const isBusy = action !== null || state === "unloading";
  const name = { load: "Load", unload: "Unload" }[next];
  const busyName = action === "load" ? "Loading…" : isBusy ? "Unloading…" : name;
  return (
    <button
      type="button"
      className="button"
      aria-label={`${action === "delete" ? name : busyName} ${id}`}
      aria-disabled={isBusy}
      onClick={() => {
        if (!isBusy) onChange(next);
      }}
    >
      {action === "delete" ? name : busyName}
    </button>
  );
}

/** Its state and size, and what else an operator wants to know. */
function rowNote(model: PageModel): string {
  const { memoryBytes, isPinned, canChat, aliases } = model;
  return [
    modelNote(model),
    ...(memoryBytes === null ? [] : [`${bytes(memoryBytes)} of memory`]),
    ...(isPinned ? ["always loaded"] : []),
    ...(canChat ? [] : ["for embeddings"]),
    ...(aliases.length === 0 ? [] : [`also ${aliases.join(", ")}`]),
  ].join(" · ");
}
