// What is wrong with a model file before the server starts.

import { expect, test } from "vitest";
import { requireGgufFile } from "../../../src/cli/require-gguf-file.ts";
import { runShow } from "../../../src/cli/show.ts";

const check = (file: string) => () =>
  requireGgufFile({ flag: "--model", file, program: "npm start --" });

test.each(["qwen3:4b", "Qwen3"])("says how to download the short name %s", async (name) => {
  expect(check(name)).toThrow(
    `--model: ${name} is a short name, not a file; download the model first with: npm start -- pull ${name}`,
  );
  await expect(runShow([name], {})).rejects.toThrow(`show: ${name} is a short name, not a file`);
});

test("says that there is no such file", () => {
  expect(check("qwen3.gguf")).toThrow("--model: there is no file qwen3.gguf");
});

test.each(["hf:user/repo:Q4_K_M", "https://host/m.gguf"])("says how to download %s", (address) => {
  expect(check(address)).toThrow(`download the model first with: npm start -- pull ${address}`);
});
