// The memory of a model: computed before its weights are loaded, limited, and reported after it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { configWith } from "../../src/config/config-with.ts";
import { describeModel } from "../../src/create-engines.ts";
import type { ModelOptions } from "../../src/engine/messages.ts";
import { WorkerProcess } from "../../src/engine/worker-process.ts";
import type { ModelInfo } from "../../src/generation/model-info.ts";
import { BUNDLED_WORKERS } from "../support/engines/bundled-programs.ts";
import { loadInProcess } from "../support/engines/load-in-process.ts";
import { UNLOADED_MODEL } from "../support/engines/scripted-programs.ts";
import { writeTinyBert } from "../support/gguf/tiny-gguf.ts";
import { BUILTIN_MODEL } from "../support/start-service.ts";

const folder = mkdtempSync(path.join(tmpdir(), "sluice-memory-"));
/** The built-in model, as if it had been trained for 65,536 tokens. */
const longModel = path.join(folder, "long.gguf");

beforeAll(() => {
  const bytes = readFileSync(BUILTIN_MODEL);
  const key = "llama.context_length";
  bytes.writeUInt32LE(65_536, bytes.indexOf(key) + key.length + 4);
  writeFileSync(longModel, bytes);
});
afterAll(() => rmSync(folder, { recursive: true }));

const ram = (ramBytes: number) => ({ ramBytes, vramBytes: 0 });

/** Facts of a model that is loaded in this process, and then released. */
async function factsOf(changes: Partial<ModelOptions>): Promise<ModelInfo> {
  const { info, model } = await loadInProcess(changes);
  await model.dispose();
  return info;
}

/** Loads a model in a worker, which is then ended. */
async function loadInWorker(entry: string, changes: Partial<ModelOptions>) {
  const progress: number[] = [];
  const worker = new WorkerProcess({
    entry: path.join(BUNDLED_WORKERS, `${entry}.js`),
    model: { ...UNLOADED_MODEL, threads: 1, ...changes },
    loadTimeoutMs: 60_000,
    hangTimeoutMs: 60_000,
    stepTimeoutMs: 60_000,
    restartDelayMs: 5,
    log: () => {},
    onLoadProgress: (each) => progress.push(each),
    onStep: () => {},
    onExit: () => {},
  });
  const [outcome] = await Promise.allSettled([worker.firstLoad]);
  await worker.close();
  return { outcome, progress };
}

test("reports the memory of the weights and the context, the same before and after loading", async () => {
  const size = { slots: 2, contextTokens: 1024 };
  const config = configWith({ gpu: "off" });

  const model = await factsOf(size);
  const described = await describeModel(
    { file: BUILTIN_MODEL, gpuLayers: null, ...size },
    { config, log: () => {}, signal: new AbortController().signal },
  );

  expect(model.memory.vramBytes).toBe(0);
  expect(model.memory.ramBytes).toBeGreaterThan(model.modelBytes);
  expect(described.model).toMatchObject(size);
  expect(described.model.memory.ramBytes / model.memory.ramBytes).toBeCloseTo(1, 3); // the library aligns buffers
  expect(described.memory).toMatchObject({ fits: true, advice: null });
  expect(described.memory.rows.map(({ contextTokens, slots }) => [contextTokens, slots])).toEqual([
    [4096, 1],
    [4096, 4],
  ]);
});

test("chooses the context by the limit", async () => {
  const options = { modelPath: longModel, contextTokens: null };

  const unlimited = await factsOf(options);
  const limited = await factsOf({ ...options, memoryLimit: ram(184_000_000) });

  expect(unlimited).toMatchObject({ contextTokens: 32_768, trainedContextTokens: 65_536 });
  expect(limited.contextTokens).toBeGreaterThan(4096);
  expect(limited.contextTokens).toBeLessThan(32_768);
  expect(limited.memory.ramBytes).toBeLessThanOrEqual(184_000_000);
  expect(limited.memory.ramBytes).toBeGreaterThan(179_000_000);
});

test("refuses a context above the limit before the weights are loaded, and says what would fit", async () => {
  const { outcome, progress } = await loadInWorker("main", {
    modelPath: BUILTIN_MODEL,
    slots: 4,
    contextTokens: 4096,
    memoryLimit: ram(134_000_000),
  });

  expect(outcome).toMatchObject({
    status: "rejected",
    reason: {
      code: "model_too_large",
      message: expect.stringMatching(
        /^builtin\.gguf needs \S+ MB \(weights 7\.5 MB, 4 slots of 4096 tokens \S+ MB, its process 83\.9 MB\), and models may use 134\.0 MB here \(--memory-budget, minus pinned models\); it would fit with context=\d+ or slots=1$/,
      ),
      memory: { ramBytes: expect.any(Number), vramBytes: 0 },
      retryAfterSeconds: null,
    },
  });
  expect(progress).toEqual([]);
});

test("says that a smaller file is needed when the weights alone are too large", async () => {
  const loading = loadInProcess({ memoryLimit: ram(5_000_000) });

  await expect(loading).rejects.toMatchObject({
    code: "model_too_large",
    message: expect.stringMatching(/; a smaller file or quantization is needed$/),
  });
});

test("holds a model for embeddings to the limit too, and reports its memory", async () => {
  const modelPath = writeTinyBert({ pooling: "cls" });

  const loaded = await loadInWorker("embedding-main", { modelPath });
  const refused = await loadInWorker("embedding-main", { modelPath, memoryLimit: ram(100_000) });

  expect(loaded.outcome).toMatchObject({
    status: "fulfilled",
    value: { memory: { ramBytes: expect.any(Number), vramBytes: 0 } },
  });
  expect(refused.outcome).toMatchObject({
    reason: { code: "model_too_large", message: expect.stringContaining("tiny-bert-cls") },
  });
  expect(refused.progress).toEqual([]);
});
