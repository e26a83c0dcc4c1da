// Which models a folder offers while it cannot be read.

import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { FolderModels } from "../../../src/models/folder-models.ts";

function folderModels() {
  const scratch = mkdtempSync(path.join(tmpdir(), "folder-models-"));
  onTestFinished(() => rmSync(scratch, { recursive: true }));
  const lines: string[] = [];
  const models = new FolderModels({
    folderDefaults: () => ({ contextTokens: null, slots: 1, gpuLayers: null }),
    log: (_level, message) => lines.push(message),
  });
  const namesIn = (folder: string) =>
    models.specs(folder, { files: new Set(), names: new Set() }).map(({ names: [id] }) => id);
  return { scratch, lines, namesIn };
}

/** The target of the link is the folder; `loop` makes it one that cannot be read. */
function linkTo(target: string, link: string): void {
  rmSync(link, { force: true });
  symlinkSync(target, link);
}

test("a folder that cannot be read for a while keeps its models, and is logged once", () => {
  const { scratch, lines, namesIn } = folderModels();
  const folder = path.join(scratch, "models");
  writeFileSync(path.join(scratch, "a.gguf"), "GGUF");
  linkTo(".", folder);
  expect(namesIn(folder)).toEqual(["a"]);

  linkTo("models", folder);
  const meanwhile = [namesIn(folder), namesIn(folder)];
  writeFileSync(path.join(scratch, "b.gguf"), "GGUF");
  linkTo(".", folder);

  expect(meanwhile).toEqual([["a"], ["a"]]);
  expect(lines).toEqual([`cannot read the folder ${folder}: ELOOP`]);
  expect(namesIn(folder)).toEqual(["a", "b"]);
});

test("a folder that is gone offers nothing, and neither does another one that cannot be read", () => {
  const { scratch, lines, namesIn } = folderModels();
  const [folder, file] = [path.join(scratch, "models"), path.join(scratch, "a.gguf")];
  writeFileSync(file, "GGUF");
  linkTo(".", folder);
  linkTo("loop", path.join(scratch, "loop"));
  expect(namesIn(folder)).toEqual(["a"]);

  expect(namesIn(path.join(scratch, "loop"))).toEqual([]);
  linkTo("a.gguf", folder);
  expect(namesIn(folder)).toEqual([]);
  linkTo("missing", folder);
  expect(namesIn(folder)).toEqual([]);

  expect(lines.map((line) => line.split(": ")[1])).toEqual(["ELOOP", "ENOTDIR"]);
});
