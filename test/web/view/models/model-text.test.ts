// What the page says about a model.

import { expect, test } from "vitest";
import { pageModels, type WireModel } from "../../../../src/web/client/page-models.ts";
import { modelNote, modelProblem } from "../../../../src/web/view/models/model-text.ts";
import { wireModel } from "../../client/wire-models.ts";

function shown(meta: Partial<WireModel["meta"]>): [note: string, problem: string | null] {
  const [model] = pageModels([wireModel("qwen3-4b", meta)]);
  if (!model) throw new Error("one model is listed");
  return [modelNote(model), modelProblem(model)];
}

test.each([
  [{}, "ready · 2.5 GB"],
  [{ state: "unloaded" }, "not loaded · 2.5 GB"],
  [{ state: "waiting" }, "waiting for memory · 2.5 GB"],
  [{ state: "loading", progress: 0 }, "loading · 2.5 GB"],
  [{ state: "loading", progress: 0.42 }, "loading 42% · 2.5 GB"],
  [{ state: "unloading", size: null }, "unloading"],
  [{ state: "unloaded", fits: null, memory: null }, "not loaded · 2.5 GB"],
])("describes a model without a problem (%o)", (meta, note) => {
  expect(shown(meta)).toEqual([note, null]);
});

test("says why a model does not fit, in the server's words if it has some", () => {
  const [, own] = shown({ state: "unloaded", fits: false, memory: { ram: 44e9, vram: 1e8 } });
  expect(own).toBe("Does not fit: it needs 44.1 GB of memory, more than models may use here");
  const [, unknown] = shown({ state: "unloaded", fits: false, memory: null });
  expect(unknown).toBe("Does not fit: it needs more memory than models may use here");
  const [, theirs] = shown({ state: "failed", fits: false, reason: "big needs 44.10 GB" });
  expect(theirs).toBe("Does not fit: big needs 44.10 GB");
});

test("says why a model failed to load", () => {
  const failed = shown({ state: "failed", reason: "the file is damaged" });
  expect(failed).toEqual(["failed to load · 2.5 GB", "the file is damaged"]);
  expect(shown({ state: "failed", reason: null })[1]).toBe("The server gave no reason.");
});
