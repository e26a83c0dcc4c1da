// What the page reads from the server's list of models.

import { expect, test } from "vitest";
import { chosenModel, pageModels } from "../../../src/web/client/page-models.ts";
import { wireModel } from "./wire-models.ts";

test("lists a model with several names once, under its first one", () => {
  const models = pageModels([
    wireModel("qwen3-4b", { aliases: ["qwen", "default"] }),
    wireModel("qwen", { aliases: ["qwen3-4b"] }),
    wireModel("default", { aliases: ["qwen3-4b"] }),
    wireModel("gemma"),
  ]);

  expect(models.map(({ id, aliases }) => [id, aliases])).toEqual([
    ["qwen3-4b", ["qwen", "default"]],
    ["gemma", []],
  ]);
});

test("keeps what is unknown until a model was loaded as null", () => {
  const [unloaded, loaded] = pageModels([
    wireModel("a", { state: "unloaded", n_ctx: null, memory: null, fits: null, size: null }),
    wireModel("b", { n_ctx: 4096, memory: { ram: 1, vram: 2 } }),
  ]);

  expect(unloaded).toMatchObject({
    contextTokens: null,
    memoryBytes: null,
    fits: null,
    sizeBytes: null,
    reasoningEfforts: [],
  });
  expect(loaded).toMatchObject({ contextTokens: 4096, memoryBytes: 3 });
});

test("a conversation has the model of any of its names, or the first one that can chat", () => {
  const models = pageModels([
    wireModel("vectors", { kind: "embedding" }),
    wireModel("qwen3-4b", { aliases: ["qwen"] }),
    wireModel("gemma"),
  ]);
  const chosen = (name: string | null) => chosenModel(models, name)?.id ?? null;

  expect(chosen(null)).toBe("qwen3-4b");
  expect(chosen("qwen")).toBe("qwen3-4b");
  expect(chosen("gemma")).toBe("gemma");
  expect(chosen("vectors")).toBe(null);
  expect(chosen("deleted")).toBe(null);
});
