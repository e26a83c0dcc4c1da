// The columns of `sluice ps`.

import { expect, test } from "vitest";
import { loadedTable } from "../../../src/cli/ps.ts";
import type { ListedMeta } from "../../../src/cli/server/served-models.ts";

function cellsOf(meta: ListedMeta): string[] | undefined {
  const [, line] = loadedTable([{ id: "m", meta }], 1e12).split("\n");
  return line?.split(/ {2,}/);
}

test("shows memory, context, requests and when the model is unloaded", () => {
  const meta = {
    state: "ready",
    n_ctx: 4096,
    slots: 2,
    memory: { ram: 0, vram: 5e9 },
    busy: 1,
    waiting: 3,
  };

  expect(cellsOf({ ...meta, unloads_at: 1e9 + 240 })).toEqual([
    ...["m", "ready", "5.00 GB VRAM", "4096 x 2", "1, 3 waiting", "in 4 minutes"],
  ]);
  expect(cellsOf({ ...meta, pinned: true, waiting: 0 })?.slice(4)).toEqual(["1", "pinned"]);
});

test("shows a dash for what the server does not say", () => {
  expect(cellsOf({ state: "loading", memory: null, n_ctx: null })).toEqual([
    ...["m", "loading", "-", "-", "-", "room is needed"],
  ]);
});

test("shows the process for the embeddings of a chat model in a row of its own, while it is loaded", () => {
  const embeddings = { state: "ready", memory: { ram: 2e8, vram: 0 } };
  const rows = loadedTable(
    [
      { id: "both", meta: { state: "ready", embeddings } },
      { id: "second", meta: { state: "unloaded", embeddings } },
      { id: "chat", meta: { state: "ready", embeddings: { state: "unloaded", memory: null } } },
    ],
    1e12,
  );

  expect(rows.split("\n").map((line) => line.split(/ {2,}/).slice(0, 3))).toEqual([
    ["NAME", "STATE", "MEMORY"],
    ["both", "ready", "-"],
    ["both (embeddings)", "ready", "200.0 MB RAM"],
    ["second (embeddings)", "ready", "200.0 MB RAM"],
    ["chat", "ready", "-"],
  ]);
});
