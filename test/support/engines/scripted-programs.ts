// The scripted workers as JavaScript: each test starts several of them, and compiling one at its start takes longer than its work.

import path from "node:path";
import { build } from "vite";
import type { ModelOptions } from "../../../src/engine/messages.ts";

const SOURCES = import.meta.dirname;
const FOLDER = path.resolve(SOURCES, "../../../node_modules/.cache/sluice-scripted");
const NAMES = ["scripted-worker", "scripted-generator"] as const;

/** Options for a model that no scripted worker loads. */
export const UNLOADED_MODEL: ModelOptions = {
  modelPath: "some.gguf",
  gpu: "off",
  gpuLayers: null,
  slots: 1,
  contextTokens: null,
  memoryLimit: null,
  threads: null,
  threadGovernor: false,
  flashAttention: true,
  batchTokens: null,
  stepTargetMs: null,
  prefixCache: null,
  speculation: false,
};

/** The file to start. `built.ts` has written it before the tests. */
export function scriptedProgram(name: (typeof NAMES)[number]): string {
  return path.join(FOLDER, `${name}.js`);
}

/** Writes all of them. */
export async function compileScriptedPrograms(): Promise<void> {
  await build({
    configFile: false,
    logLevel: "warn",
    build: {
      ssr: true,
      outDir: FOLDER,
      rolldownOptions: { input: NAMES.map((name) => path.join(SOURCES, `${name}.ts`)) },
    },
  });
}
