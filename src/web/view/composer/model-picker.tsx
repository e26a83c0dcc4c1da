// Which model answers, and how it is with it.

import type { Readiness, ServedModel } from "../../server/server.ts";
import { useApp, useCurrent, useStatus } from "../context.ts";
import { percent } from "../format.ts";

export function ModelPicker() {
  const { store } = useApp();
  const { models, readiness, failure } = useStatus();
  const { id, settings } = useCurrent();
  const served = models[0]?.id ?? "";
  const chosen = settings.model ?? served;
  const isGone = settings.model !== null && !models.some((each) => each.id === settings.model);
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
          store.set(id, { model: value === served ? null : value });
        }}
      >
        {models.map((model) => (
          <option key={model.id} value={model.id}>
            {model.id}
            {stateWords(model, readiness)}
          </option>
        ))}
        {isGone && <option value={chosen}>{chosen} (not served)</option>}
        {models.length === 0 && !isGone && (
          <option value="">{failure ? "no server" : "..."}</option>
        )}
      </select>
    </div>
  );
}

function stateWords({ state }: ServedModel, readiness: Readiness | null): string {
  switch (state) {
    case "ready":
      return "";
    case "loading":
    case "restarting": {
      const progress = readiness?.loadProgress ?? 0;
      const what = state === "loading" ? "loading" : "restarting";
      return progress > 0 ? ` (${what} ${percent(progress)})` : ` (${what})`;
    }
    case "failed":
      return " (cannot be loaded)";
    default:
      return ` (${state})`;
  }
}
