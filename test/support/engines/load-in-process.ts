// Loads a model in the process of the test, on one thread of the CPU, for tests of single parts of the worker.

import type { ModelOptions } from "../../../src/engine/messages.ts";
import { type LoadedModel, loadModel } from "../../../src/worker/load/model.ts";
import { BUILTIN_MODEL } from "../start-service.ts";

export function loadInProcess(changes: Partial<ModelOptions> = {}): Promise<LoadedModel> {
  return loadModel({
    options: {
      modelPath: BUILTIN_MODEL,
      gpu: "off",
      gpuLayers: 0,
      slots: 1,
      contextTokens: 512,
      memoryLimit: null,
      threads: 1,
      threadGovernor: false,
      flashAttention: true,
      batchTokens: null,
      stepTargetMs: null,
      prefixCache: null,
      speculation: true,
      ...changes,
    },
    onProgress: () => {},
    log: () => {},
    onStep: () => {},
    onLoad: () => {},
  });
}
