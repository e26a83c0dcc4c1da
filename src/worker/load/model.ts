// Loads a GGUF on the requested or the best device, and creates the context with its sequences.

import { freemem } from "node:os";
import type { Llama, LlamaModel } from "node-llama-cpp";
import { usableCpus } from "../../cpu-count.ts";
import type { StepLoad } from "../../generation/events.ts";
import { addMemory } from "../../generation/memory-use.ts";
import type { ModelInfo } from "../../generation/model-info.ts";
import { acceptSeedFunctions, requireWholeWindow } from "../library-internals.ts";
import { Batcher } from "../step/batcher.ts";
import { checkpointLimits } from "../step/checkpoints.ts";
import { PromptSlices } from "../step/prompt-slices.ts";
import { Slot } from "../step/slots.ts";
import { Speculation } from "../step/speculation.ts";
import { stepMeter } from "../step/step-meter.ts";
import {
  type Device,
  fitIntoMemory,
  type LoadOptions,
  memoryOf,
  modelFacts,
  withDevice,
} from "./device.ts";
import { planLoad } from "./load-plan.ts";
import { PROCESS_MEMORY, readInsights } from "./memory-needs.ts";
import { languageFacts, type ModelLanguage, modelLanguage } from "./model-language.ts";

export type SlotLoadOptions = LoadOptions & {
  readonly onStep: () => void;
  readonly onLoad: (load: StepLoad) => void;
};

export type LoadedModel = ModelLanguage & {
  readonly info: ModelInfo;
  readonly model: LlamaModel;
  readonly slots: readonly Slot[];
  /** Whether a slot can go back only to tokens at which its state was saved. */
  readonly needsCheckpoints: boolean;
  readonly batcher: Batcher;
  readonly slices: PromptSlices;
  readonly speculation: Speculation | null;
};

/** @throws ServiceError `engine_unavailable` or `model_too_large`, with one clear line */
export function loadModel(load: SlotLoadOptions): Promise<LoadedModel> {
  return withDevice(load.options, (device) => loadOn(device, load));
}

async function loadOn(device: Device, load: SlotLoadOptions): Promise<LoadedModel> {
  const { llama } = device;
  const { options } = load;
  const cpus = usableCpus();
  llama.maxThreads = cpus; // caps the context's threads when it is created
  const insights = await readInsights(llama, options.modelPath);
  const plan = await planLoad({ llama, insights, options });
  const { batchTokens } = plan;
  const slices = new PromptSlices({ batchTokens, targetMs: options.stepTargetMs });
  const speculation = options.speculation ? new Speculation() : null;
  const threads = options.threads ?? cpus;
  const batcher = newBatcher(llama, { slices, speculation }, threads, load);
  const planned = { ...load, gpuLayers: plan.gpuLayers };
  const { model, context } = await fitIntoMemory(llama, planned, (loaded) =>
    loaded.createContext({
      sequences: options.slots,
      contextSize: plan.contextTokens,
      batchSize: Math.max(batchTokens, options.slots),
      flashAttention: options.flashAttention,
      threads: cpus,
      failedCreationRemedy: false, // never creates a smaller context than requested
      batching: { itemPrioritizationStrategy: batcher.fillBatch },
    }),
  );
  if (context.contextSize > model.trainContextSize) {
    const sizes = `${context.contextSize} tokens, but the model was trained for ${model.trainContextSize}`;
    load.log(
      "warn",
      `the context is ${sizes}: answers may get worse beyond that length (--context)`,
    );
  }
  llama.maxThreads = threads;

  requireWholeWindow(context);
  const checkpoints = checkpointLimits(options.slots, freemem());
  const slots = Array.from(
    { length: options.slots },
    (_, id) => new Slot(id, acceptSeedFunctions(context.getSequence({ checkpoints }))),
  );
  const language = modelLanguage(llama, model, load.log);
  return {
    ...language,
    model,
    slots,
    needsCheckpoints: slots.some(({ sequence }) => sequence.needsCheckpoints),
    batcher,
    slices,
    speculation,
    info: {
      threads,
      slots: slots.length,
      contextTokens: context.contextSize,
      batchTokens: context.batchSize,
      memory: addMemory(PROCESS_MEMORY, addMemory(memoryOf(model), memoryOf(context))),
      ...languageFacts(language),
      ...(await modelFacts(device, model)),
    },
  };
}

/** A batcher whose step times set the sizes of slices and drafts and, with `threadGovernor`, the number of threads. */
function newBatcher(
  llama: Llama,
  learners: Pick<LoadedModel, "slices" | "speculation">,
  maxThreads: number,
  { options, onStep, onLoad }: SlotLoadOptions,
): Batcher {
  const meter = stepMeter({
    ...learners,
    maxThreads,
    isGoverned: options.threadGovernor && llama.gpu === false,
    setThreads: (count) => {
      llama.maxThreads = count;
    },
  });
  return new Batcher({
    onStep,
    onStepTime: (step) => onLoad({ ...step, threads: meter(step) }),
  });
}
