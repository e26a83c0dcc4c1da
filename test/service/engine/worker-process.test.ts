// A worker that dies while it loads its model: the error contains the known reason.

import { expect, test } from "vitest";
import { WorkerProcess } from "../../../src/engine/worker-process.ts";
import { scriptedProgram, UNLOADED_MODEL } from "../../support/engines/scripted-programs.ts";
import { until } from "../../support/start-service.ts";

function workerFor(modelPath: string): WorkerProcess {
  return new WorkerProcess({
    entry: scriptedProgram("scripted-worker"),
    model: { ...UNLOADED_MODEL, modelPath },
    loadTimeoutMs: 20_000,
    hangTimeoutMs: 20_000,
    stepTimeoutMs: 20_000,
    restartDelayMs: 5,
    log: () => {},
    onLoadProgress: () => {},
    onStep: () => {},
    onExit: () => {},
  });
}

/** Kills the process that loads the model. @returns its pid */
async function kill(worker: WorkerProcess, lastPid: number): Promise<number> {
  await until(() => ![null, lastPid].includes(worker.status.workerPid), "another process loads");
  const { workerPid } = worker.status;
  if (workerPid === null) throw new Error("there is no process");
  process.kill(workerPid, "SIGKILL");
  return workerPid;
}

test("names the file without its folder, and the last message of the library", async () => {
  const worker = workerFor("/models/deadly.gguf");

  await expect(worker.firstLoad).rejects.toMatchObject({
    code: "engine_unavailable",
    message:
      "the worker ended (code 3) while it loaded deadly.gguf; its last message: ggml.c:1: GGML_ASSERT(heads > 0) failed",
  });
  await worker.close();
});

test("loads the model again if the first process is killed from outside, but not a third time", async () => {
  const worker = workerFor("/models/slow.gguf");

  const first = await kill(worker, 0);
  await until(() => worker.status.workerPid !== first, "the process has ended");
  const reason = "the worker ended (SIGKILL) while it loaded slow.gguf";
  expect(worker.status).toMatchObject({ state: "loading", reason });
  await kill(worker, first);

  await expect(worker.firstLoad).rejects.toMatchObject({
    code: "engine_unavailable",
    message: reason,
  });
  expect(worker.status).toMatchObject({ state: "failed", workerRestarts: 1 });
  await worker.close();
});
