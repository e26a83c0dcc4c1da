// A worker that dies while it loads its model: the error contains the known reason.

import { expect, test } from "vitest";
import { WorkerProcess } from "../../../src/engine/worker-process.ts";
import { scriptedProgram, UNLOADED_MODEL } from "../../support/engines/scripted-programs.ts";

test("names the file without its folder, and the last message of the library", async () => {
  const worker = new WorkerProcess({
    entry: scriptedProgram("scripted-worker"),
    model: { ...UNLOADED_MODEL, modelPath: "/models/deadly.gguf" },
    loadTimeoutMs: 20_000,
    hangTimeoutMs: 20_000,
    stepTimeoutMs: 20_000,
    restartDelayMs: 5,
    log: () => {},
    onLoadProgress: () => {},
    onStep: () => {},
    onExit: () => {},
  });

  await expect(worker.firstLoad).rejects.toMatchObject({
    code: "engine_unavailable",
    message:
      "the worker ended (code 3) while it loaded deadly.gguf; its last message: ggml.c:1: GGML_ASSERT(heads > 0) failed",
  });
  await worker.close();
});
