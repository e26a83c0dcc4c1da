// One download in the models panel, running or failed.

import type { ModelManager } from "../../chat/model-manager.ts";
import { isRunning, type ModelPull } from "../../client/model-calls.ts";
import { pullText } from "./pull-text.ts";

type PullRowProps = { readonly pull: ModelPull; readonly manager: ModelManager };

export function PullRow({ pull, manager }: PullRowProps) {
  const { id, model, completedBytes, totalBytes } = pull;
  return (
    <li className="model-row">
      <div className="model-row-text">
        <span className="model-name">{model}</span>
        <p className={pull.status === "failed" ? "hint problem" : "hint"}>{pullText(pull)}</p>
        {isRunning(pull) && (
          <progress
            value={totalBytes === null ? undefined : completedBytes / totalBytes}
            aria-label={`Downloading ${model}`}
          />
        )}
      </div>
      <div className="model-row-buttons">
        {isRunning(pull) ? (
          <button
            type="button"
            className="button"
            aria-label={`Cancel the download of ${model}`}
            onClick={() => void manager.cancel(id)}
          >
            Cancel
          </button>
        ) : (
          <button
            type="button"
            className="button"
            aria-label={`Try again to download ${model}`}
            onClick={() => void manager.pull(model)}
          >
            Try again
          </button>
        )}
      </div>
    </li>
  );
}
