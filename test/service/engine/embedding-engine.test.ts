import { afterEach, expect, test } from "vitest";
import { WorkerEmbeddingEngine } from "../../../src/engine/embedding-engine.ts";
import { ServiceError } from "../../../src/errors.ts";
import { scriptedProgram, UNLOADED_MODEL } from "../../support/engines/scripted-programs.ts";

let engine: WorkerEmbeddingEngine;
let logged: string[] = [];
afterEach(async () => engine.close());

function start(modelPath = "some.gguf"): void {
  logged = [];
  engine = new WorkerEmbeddingEngine({
    entry: scriptedProgram("scripted-worker"),
    prepareLoad: () => ({ model: { ...UNLOADED_MODEL, modelPath }, release: () => {} }),
    loadTimeoutMs: 10_000,
    hangTimeoutMs: 60_000,
    stepTimeoutMs: 60_000,
    restartDelayMs: 30_000,
    knownModel: () => null,
    log: (_level, line) => void logged.push(line),
    onLoadProgress: () => {},
  });
  engine.load({ memoryLimit: null }).catch(() => {}); // the requests fail then
}

type RunOptions = { readonly signal?: AbortSignal; readonly onFirst?: () => void };

/** Runs a request in which each input names a behaviour. @returns the pid of the process that answered each input */
async function run(inputs: readonly string[], { signal, onFirst }: RunOptions = {}) {
  const pids: number[] = [];
  await engine.run(
    { type: "embed", inputPath: "input[]", inputs, dimensions: null, truncates: false },
    {
      signal: signal ?? new AbortController().signal,
      onResult: ([pid = 0]) => {
        if (pids.push(pid) === 1 && onFirst) setImmediate(onFirst); // runs when the second input has been sent
      },
    },
  );
  return pids;
}

/** Runs these inputs, and aborts after the first result. */
function abortedRun(inputs: readonly string[]): Promise<number[]> {
  const controller = new AbortController();
  const onFirst = () => controller.abort(new ServiceError("aborted", "it has left"));
  return run(inputs, { signal: controller.signal, onFirst });
}

test("a request during which the worker dies twice fails, and a new worker serves the next one", async () => {
  start();
  const [before] = await run(["answer"]);

  await expect(run(["answer", "crash", "answer"])).rejects.toMatchObject({
    code: "worker_crashed",
  });

  const [after] = await run(["answer"]);
  expect(after).not.toBe(before);
}, 20_000);

test("inputs that end the worker when it reads them are not given to another worker", async () => {
  start();
  await run(["answer"]);

  await expect(run(["unreadable"])).rejects.toMatchObject({ code: "worker_crashed" });

  expect(logged.filter((line) => line.includes("a new one starts"))).toHaveLength(1);
});

test("an abort waits for a reply that arrives soon, and keeps the worker", async () => {
  start();
  const [before] = await run(["answer"]);

  await expect(abortedRun(["answer", "slow", "slow"])).rejects.toMatchObject({ code: "aborted" });

  expect(await run(["answer", "answer"])).toEqual([before, before]);
});

test("an abort ends a worker that does not reply within half a second", async () => {
  start();
  const [before] = await run(["answer"]);
  const startedMs = performance.now();

  await expect(abortedRun(["answer", "hang"])).rejects.toMatchObject({ code: "aborted" });

  expect(performance.now() - startedMs).toBeLessThan(10_000);
  expect(engine.status().workerPid).toBeNull();
  expect(await run(["answer"])).not.toEqual([before]);
});

test("a model that cannot be loaded fails each request with the reason", async () => {
  start("broken");

  for (const _time of [1, 2]) {
    await expect(run(["answer"])).rejects.toMatchObject({
      code: "engine_unavailable",
      message: "it is broken",
    });
  }
});

test("closing fails running requests and later ones", async () => {
  start();
  const hanging = run(["answer", "hang"], { onFirst: () => void engine.close() });

  await expect(hanging).rejects.toMatchObject({ code: "engine_unavailable" });
  await expect(run(["answer"])).rejects.toMatchObject({ code: "engine_unavailable" });
});
