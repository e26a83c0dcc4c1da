// Entry point of the worker process that describes a model for `sluice show`: reads the header and the vocabulary, not the
// weights, and cannot generate. engine/worker-process.ts starts it; nothing imports it. It ends when its parent process is gone.

import type { GgufInsights, Llama, LlamaModel } from "node-llama-cpp";
import type { FromWorker, ModelOptions } from "../engine/messages.ts";
import { fitsWithLayersInRam, type MemoryReport } from "../generation/memory-use.ts";
import type { ModelInfo } from "../generation/model-info.ts";
import type { DescribeQuestion } from "../generation/questions.ts";
import { type Device, type LoadOptions, modelFacts, withDevice } from "./load/device.ts";
import { adviseSize } from "./load/fit-context.ts";
import { type LoadPlan, MIN_DEFAULT_CONTEXT_TOKENS, planLoad } from "./load/load-plan.ts";
import { freeMemory } from "./load/memory-needs.ts";
import { languageFacts, modelLanguage } from "./load/model-language.ts";
import { die, type LoadedWorker, send, serveParent, wireError } from "./parent-channel.ts";

/** The sizes for which the report has a row, where the model was trained for them. */
const CONTEXTS = [4096, 8192, 16_384, 32_768];
const SLOTS = [1, 4];

type Described = { readonly plan: LoadPlan; readonly model: LlamaModel; readonly slots: number };

serveParent<DescribeQuestion>({ load, post });

function load({ options, log }: LoadOptions): Promise<LoadedWorker<DescribeQuestion>> {
  const { modelPath, slots } = options;
  return withDevice(options, async (device) => {
    const model = await device.llama.loadModel({ modelPath, vocabOnly: true, gpuLayers: 0 });
    const plan = await planLoad({
      llama: device.llama,
      insights: model.fileInsights,
      options: withContext(options, model),
    });
    const info: ModelInfo = {
      ...languageFacts(modelLanguage(device.llama, model, log)),
      ...(await modelFacts(device, model)),
      threads: 0,
      slots,
      contextTokens: plan.contextTokens,
      batchTokens: plan.batchTokens,
      memory: plan.need,
    };
    return {
      info,
      receive: (message) => {
        if (message.type === "ask") answer(message.id, device, { plan, model, slots }).catch(die);
        else die(new Error(`this worker only describes: ${message.type}`));
      },
      stepAgeMs: () => 0,
    };
  });
}

/** A model with too short a context for the default is described with all of it. */
function withContext(options: ModelOptions, { fileInsights }: LlamaModel): ModelOptions {
  const { trainContextSize = MIN_DEFAULT_CONTEXT_TOKENS } = fileInsights;
  if (trainContextSize >= MIN_DEFAULT_CONTEXT_TOKENS) return options;
  return { ...options, contextTokens: options.contextTokens ?? trainContextSize };
}

async function answer(id: string, { llama }: Device, described: Described): Promise<void> {
  const askedAtMs = performance.now();
  try {
    const report = {
      ...(await reportMemory(described, await freeMemory(llama))),
      processor: featuresOf(llama),
    };
    post({ type: "answered", id, answer: report, ms: performance.now() - askedAtMs });
  } catch (error) {
    post({ type: "refused", id, error: wireError(error), ms: performance.now() - askedAtMs });
  }
}

async function reportMemory(
  { plan, model, slots }: Described,
  free: MemoryReport["free"],
): Promise<Omit<MemoryReport, "processor">> {
  const { contextTokens, weights, need, needAt } = plan;
  const fits = fitsWithLayersInRam(need, free);
  const size = { contextTokens, slots };
  return {
    weights,
    free,
    fits,
    advice: fits ? null : await adviseSize({ size, needAt, room: free }),
    rows: await Promise.all(
      sizesFor(model.fileInsights).map(async (row) => ({ ...row, memory: await needAt(row) })),
    ),
  };
}

/** Of a text such as `CPU : SSE3 = 1 | AVX2 = 1 | AVX512 = 0 | `, those that are on. */
function featuresOf({ systemInfo }: Llama): string {
  const [, cpu = ""] = /CPU :([^:]*)/.exec(systemInfo) ?? [];
  return [...cpu.matchAll(/([A-Z][\w.]*) = 1/g)].map(([, name]) => name).join(", ");
}

function sizesFor({ trainContextSize = Number.POSITIVE_INFINITY }: GgufInsights) {
  const contexts = CONTEXTS.filter((contextTokens) => contextTokens <= trainContextSize);
  if (contexts.length === 0) contexts.push(trainContextSize);
  return contexts.flatMap((contextTokens) => SLOTS.map((slots) => ({ contextTokens, slots })));
}

function post(message: FromWorker): void {
  send([message]);
}
