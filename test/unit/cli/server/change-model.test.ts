// What `sluice load` and `sluice stop` say while they wait.

import { expect, test } from "vitest";
import { waitText } from "../../../../src/cli/server/change-model.ts";
import type { ListedMeta } from "../../../../src/cli/server/served-models.ts";

const textOf = (smol: ListedMeta, other: ListedMeta = {}) =>
  waitText("smol", [
    { id: "other", meta: other },
    { id: "smol", meta: smol },
  ]);

test.each<[ListedMeta, string | null]>([
  [{ state: "unloading", busy: 1 }, "waiting for 1 running request of smol to finish"],
  [{ state: "unloading", busy: 3 }, "waiting for 3 running requests of smol to finish"],
  [{ state: "unloading", busy: 0 }, "smol is unloading"],
  [{ state: "loading" }, "smol is loading"],
  [{ state: "restarting", reason: "it crashed" }, "smol is restarting: it crashed"],
  [{ state: "waiting" }, "smol waits until other models have freed memory"],
  [
    { state: "unloaded", embeddings: { state: "unloading", memory: null } },
    "waiting for the embeddings of smol to finish",
  ],
  [{ state: "ready", busy: 1 }, null],
])("for %j it is %j", (meta, text) => {
  expect(textOf(meta)).toBe(text);
});

test("a model that waits for memory names the model that is finishing its requests", () => {
  expect(textOf({ state: "waiting" }, { state: "unloading", busy: 1 })).toBe(
    "waiting for 1 running request of other to finish",
  );
  expect(textOf({ state: "waiting" }, { state: "ready", busy: 1 })).toContain("freed memory");
});

test("nothing is said of a model that the list does not name", () => {
  expect(waitText("*", [])).toBeNull();
});
