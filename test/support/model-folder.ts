// A models folder for one test, and a service that offers its models with an engine of its own for each.

import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import type { ServiceParts, ServiceSettings } from "../../src/service.ts";
import { FakeEmbeddingEngine } from "./engines/fake-embedding-engine.ts";
import { FakeEngine, type FakeEngineOptions } from "./engines/fake-engine.ts";
import { BUILTIN_MODEL, type RunningService, startWithEngines } from "./start-service.ts";

export type FolderService = RunningService & {
  readonly folder: string;
  /** The engine of a model, by its id. */
  readonly engineOf: (id: string) => FakeEngine;
};

type FolderOptions = Pick<ServiceParts, "startPull"> & {
  /** Names of the models in the folder. */
  readonly models?: readonly string[];
  /** Of all engines but that of the default model. */
  readonly engine?: FakeEngineOptions;
  readonly settings?: ServiceSettings;
};

/** Closes the service when the test has finished. */
export async function startWithFolder({
  models = [],
  engine = {},
  settings = {},
  ...parts
}: FolderOptions = {}): Promise<FolderService> {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-models-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of models) copyFileSync(BUILTIN_MODEL, path.join(folder, `${name}.gguf`));
  const engines = new Map<string, FakeEngine>();
  const running = await startWithEngines(
    {
      ...parts,
      engine: (id) => {
        const made = new FakeEngine(id === "builtin" ? {} : engine);
        engines.set(id, made);
        return made;
      },
      embeddingEngine: () => new FakeEmbeddingEngine(),
    },
    { modelsDir: folder, ...settings },
  );
  onTestFinished(() => running.close());
  const engineOf = (id: string) => {
    const found = engines.get(id);
    if (!found) throw new Error(`no engine was made for ${id}`);
    return found;
  };
  return { ...running, folder, engineOf };
}
