// Selects the model and shows its state.

import type { ChatModel, ServerReadiness } from "../../client/server.ts";
import { useApp, useCurrent, useStatus } from "../context.ts";
import { percent } from "../format.ts";

export function ModelPicker() {
  const { store } = useApp();
  const { models, readiness, failure } = useStatus();
  const { id, settings } = useCurrent();
  const served = models[0]?.id ?? "";
  const chosen = settings.model ?? served;
  const isMissing = settings.model !== null && !models.some((each) => each.id === settings.model);
  const state = failure ? "unreachable" : (readiness?.status ?? "connecting");
  return (
    <div className="model-picker">
      <span className={`model-dot is-${state}`} aria-hidden="true" />
      <label className="visually-hidden" htmlFor="model">
        Model
      </label>
      <select
        id="model"
        value={chosen}
        onChange={(event) => {
          const { value } = event.currentTarget;
          store.changeSettings(id, { model: value === served ? null : value });
        }}
      >
        {models.map((model) => (
          <option key={model.id} value={model.id}>
            {model.id}
            {stateText(model, readiness)}
          </option>
        ))}
        {isMissing && <option value={chosen}>{chosen} (not available)</option>}
        {models.length === 0 && !isMissing && (
          <option value="">{failure ? "No server" : "Connecting…"}</option>
        )}
      </select>
    </div>
  );
}

function stateText({ state }: ChatModel, readiness: ServerReadiness | null): string {
  switch (state) {
    case "ready":
      return "";
    case "loading":
    case "restarting": {
      const progress = readiness?.loadProgress ?? 0;
      return progress > 0 ? ` (${state} ${percent(progress)})` : ` (${state})`;
    }
    case "failed":
      return " (failed to load)";
    default:
      return ` (${state})`;
  }
}
