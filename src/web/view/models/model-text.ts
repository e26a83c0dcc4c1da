// Describes a model to the user: its state, its size, and why it cannot be used. For the picker and the models panel.

import type { PageModel } from "../../client/page-models.ts";
import { bytes, percent } from "../format.ts";

export function stateText({ state, loadProgress }: PageModel): string {
  switch (state) {
    case "unloaded":
      return "not loaded";
    case "waiting":
      return "waiting for memory";
    case "loading":
      return loadProgress > 0 ? `loading ${percent(loadProgress)}` : "loading";
    case "failed":
      return "failed to load";
    default:
      return state;
  }
}

/** e.g. `not loaded · 2.5 GB`. */
export function modelNote(model: PageModel): string {
  const size = model.sizeBytes === null ? [] : [bytes(model.sizeBytes)];
  return [stateText(model), ...size].join(" · ");
}

/** Why a question to this model would fail, or failed; null if nothing speaks against it. */
export function modelProblem(model: PageModel): string | null {
  const { state, reason, fits, memoryBytes } = model;
  if (fits === false) return `Does not fit: ${reason ?? needText(memoryBytes)}`;
  return state === "failed" ? (reason ?? "The server gave no reason.") : null;
}

function needText(memoryBytes: number | null): string {
  if (memoryBytes === null) return "it needs more memory than models may use here";
  return `it needs ${bytes(memoryBytes)} of memory, more than models may use here`;
}
