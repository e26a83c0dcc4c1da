// What the names of GGUF files say.

import { expect, test } from "vitest";
import { isModelFileName, modelNameOf, partsOf } from "../../../src/models/model-file-name.ts";

test("the name of a model is that of its file, without folder, part and prefix of the hub", () => {
  const names = ["/models/hf_Qwen_Qwen3-4B.Q4_K_M.gguf", "big-00001-of-00002.GGUF", "hf_.gguf"];

  expect(names.map(modelNameOf)).toEqual(["Qwen_Qwen3-4B.Q4_K_M", "big", "hf_"]);
});

test("any part gives the paths of all", () => {
  const parts = ["/m/big-00001-of-00002.gguf", "/m/big-00002-of-00002.gguf"];

  expect([...parts, "/m/big-00000-of-00002.gguf"].map(partsOf)).toEqual([parts, parts, parts]);
  expect(partsOf("/m/one-00001-of-00001.gguf")).toEqual(["/m/one-00001-of-00001.gguf"]);
});

test("a model's file name has no folder", () => {
  expect(["m.gguf", "M.GGUF", "a b.gguf"].every(isModelFileName)).toBe(true);
  expect(["../m.gguf", "a\\b.gguf", "m.bin", ".gguf", "a\0.gguf"].some(isModelFileName)).toBe(
    false,
  );
});
