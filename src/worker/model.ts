// Loads a GGUF on the device that was asked for, or the best there is, and makes the context with its sequences.

import { setTimeout as sleep } from "node:timers/promises";
import {
  getLlama,
  InsufficientMemoryError,
  type Llama,
  type LlamaContext,
  LlamaLogLevel,
  type LlamaModel,
  NoBinaryFoundError,
  type Token,
  type TokenAttributes,
} from "node-llama-cpp";
import type { GpuChoice, ModelInfo, ModelOptions } from "../engine/messages.ts";
import { ServiceError } from "../errors.ts";
import type { StepLoad } from "../generation/events.ts";
import { Batcher } from "./batching.ts";
import { ChatTemplate } from "./chat-template.ts";
import { usableCpus } from "./cpu-count.ts";
import { Grammars } from "./grammars.ts";
import { PromptSlices } from "./prompt-slices.ts";
import { Slot } from "./slots.ts";
import { StepMeter } from "./step-meter.ts";
import { type ThoughtFormat, thinkingWords, thoughtFormatOf } from "./thought-formats.ts";

/** Slices of a prompt: on a CPU a short one keeps a stop quick, on a GPU a long one keeps the device busy. */
const CPU_BATCH_TOKENS = 128;
const GPU_BATCH_TOKENS = 512;
const DEFAULT_CONTEXT_TOKENS = 4096;
/** The native log comes from other threads: its lines may arrive after the error that they explain. */
const NATIVE_LOG_MS = 200;

export type LoadOptions = {
  readonly options: ModelOptions;
  /** 0 to 1. */
  readonly onProgress: (progress: number) => void;
  readonly log: (level: "warn" | "error", message: string) => void;
  readonly onStep: () => void;
  readonly onLoad: (load: StepLoad) => void;
};

export type LoadedModel = {
  readonly info: ModelInfo;
  readonly model: LlamaModel;
  readonly slots: readonly Slot[];
  readonly batcher: Batcher;
  readonly slices: PromptSlices;
  readonly grammars: Grammars;
  readonly template: ChatTemplate | null;
  /** Null for a model that does not think. */
  readonly thoughtFormat: ThoughtFormat | null;
  readonly controlTokens: ReadonlyMap<string, number>;
  readonly vocabularySize: number;
  readonly longestTokenChars: number;
};

/** @throws ServiceError `engine_unavailable` with one clear line */
export async function loadModel(load: LoadOptions): Promise<LoadedModel> {
  const nativeErrors: string[] = [];
  try {
    return await tryLoad(load, nativeErrors);
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    await sleep(NATIVE_LOG_MS);
    const reasons = [error instanceof Error ? error.message : String(error), nativeErrors[0]];
    throw new ServiceError(
      "engine_unavailable",
      `cannot load ${load.options.modelPath}: ${reasons.filter(Boolean).join(": ")}`,
      { cause: error },
    );
  }
}

async function tryLoad(load: LoadOptions, nativeErrors: string[]): Promise<LoadedModel> {
  const { options } = load;
  const cpus = usableCpus();
  const { llama, note } = await openDevice(options.gpu, (level, message) => {
    if (level === LlamaLogLevel.error || level === LlamaLogLevel.fatal)
      nativeErrors.push(message.trim());
  });
  llama.maxThreads = cpus; // the context's thread count is capped by it at creation
  const batchTokens =
    options.batchTokens ?? (llama.gpu === false ? CPU_BATCH_TOKENS : GPU_BATCH_TOKENS);
  const slices = new PromptSlices({ batchTokens, targetMs: options.stepTargetMs });
  const threads = options.threads ?? cpus;
  const meter = new StepMeter({
    slices,
    maxThreads: threads,
    isGoverned: options.threadGovernor && llama.gpu === false,
    setThreads: (count) => {
      llama.maxThreads = count;
    },
  });
  const batcher = new Batcher({
    onStep: load.onStep,
    onStepTime: (step) => {
      load.onLoad({ ...step, threads: meter.threads });
      meter.observe(step);
    },
  });
  const { model, context } = await fitIntoMemory(llama, load, { batcher, batchTokens, cpus });
  if (context.contextSize > model.trainContextSize) {
    const lengths = `${context.contextSize} tokens, the model was trained for ${model.trainContextSize}`;
    load.log("warn", `the context is ${lengths}: answers may get worse beyond that (--context)`);
  }
  llama.maxThreads = threads;

  const slots = Array.from(
    { length: options.slots },
    (_, id) => new Slot(id, context.getSequence()),
  );
  const vocabulary = [...model.iterateAllTokens()];
  const controlTokens = controlTokensOf(model, vocabulary);
  const template = readTemplate(model, [...controlTokens.keys()], load.log);
  const thoughtFormat = template
    ? thoughtFormatOf(template.source, (text) => model.tokenize(text, true).length === 1)
    : null;
  const device = await describeDevice(llama, model);
  return {
    model,
    slots,
    batcher,
    slices,
    grammars: new Grammars(llama, model),
    template,
    thoughtFormat,
    controlTokens,
    vocabularySize: vocabulary.length,
    longestTokenChars: longestText(vocabulary, model),
    info: {
      device,
      deviceNote: note,
      gpuLayers: model.gpuLayers,
      totalLayers: model.fileInsights.totalLayers,
      threads,
      slots: slots.length,
      contextTokens: context.contextSize,
      trainedContextTokens: model.trainContextSize,
      batchTokens: context.batchSize,
      chatTemplate: template?.source ?? null,
      toolFormat: template?.toolFormat.name ?? null,
      thoughtFormat: thoughtFormat?.name ?? null,
      vocabularySize: vocabulary.length,
      modelBytes: model.size,
      beginningText: model.tokens.bosString,
      endText: model.tokens.eosString,
    },
  };
}

type Device = { readonly llama: Llama; readonly note: string | null };
type NativeLogger = (level: LlamaLogLevel, message: string) => void;

/** `auto` takes the best that works here; a named one is taken or refused. Never compiles or downloads anything. */
async function openDevice(gpu: GpuChoice, logger: NativeLogger): Promise<Device> {
  const common = {
    build: "never",
    logLevel: LlamaLogLevel.warn,
    logger,
    progressLogs: false,
  } as const;
  if (gpu === "off") return { llama: await getLlama({ ...common, gpu: false }), note: null };
  try {
    const llama = await getLlama({ ...common, gpu });
    if (gpu !== "auto" && llama.gpu !== gpu) throw noSuchDevice(gpu, "this platform has none");
    const note = llama.gpu === false ? "no GPU that CUDA, Metal or Vulkan can use was found" : null;
    return { llama, note };
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    const isMissing = error instanceof NoBinaryFoundError;
    const reason = isMissing ? "no driver or no GPU for it was found" : (error as Error).message;
    if (gpu !== "auto") throw noSuchDevice(gpu, reason, error);
    return {
      llama: await getLlama({ ...common, gpu: false }),
      note: `the GPU could not be used: ${reason}`,
    };
  }
}

function noSuchDevice(gpu: GpuChoice, reason: string, cause?: unknown): ServiceError {
  return new ServiceError(
    "engine_unavailable",
    `--gpu ${gpu} cannot be used: ${reason}; try --gpu auto or --gpu off`,
    { cause },
  );
}

type ContextNeeds = {
  readonly batcher: Batcher;
  readonly batchTokens: number;
  readonly cpus: number;
};
type Fitted = { readonly model: LlamaModel; readonly context: LlamaContext };

/** With too little GPU memory, tries again with half of the layers there, down to none. */
async function fitIntoMemory(
  llama: Llama,
  load: LoadOptions,
  needs: ContextNeeds,
): Promise<Fitted> {
  let gpuLayers: number | "auto" = load.options.gpuLayers ?? "auto";
  for (;;) {
    let model: LlamaModel | undefined;
    try {
      model = await llama.loadModel({
        modelPath: load.options.modelPath,
        gpuLayers: llama.gpu === false ? 0 : gpuLayers,
        onLoadProgress: load.onProgress,
      });
      return { model, context: await createContext(model, load.options, needs) };
    } catch (error) {
      const used: number = model?.gpuLayers ?? (gpuLayers === "auto" ? 0 : gpuLayers);
      await model?.dispose();
      if (llama.gpu === false || used === 0 || !isOutOfMemory(error)) throw error;
      gpuLayers = Math.floor(used / 2);
      load.log("warn", `too little GPU memory for ${used} layers, trying ${gpuLayers}`);
    }
  }
}

function isOutOfMemory(error: unknown): boolean {
  if (error instanceof InsufficientMemoryError) return true;
  return error instanceof Error && /memory|failed to (create|load|allocate)/i.test(error.message);
}

async function createContext(
  model: LlamaModel,
  options: ModelOptions,
  { batcher, batchTokens, cpus }: ContextNeeds,
): Promise<LlamaContext> {
  return model.createContext({
    sequences: options.slots,
    contextSize: options.contextTokens ?? Math.min(DEFAULT_CONTEXT_TOKENS, model.trainContextSize),
    batchSize: Math.max(batchTokens, options.slots),
    flashAttention: options.flashAttention,
    threads: cpus,
    failedCreationRemedy: false, // a smaller context than asked for would be a surprise
    batching: { itemPrioritizationStrategy: batcher.fillBatch },
  });
}

function readTemplate(
  model: LlamaModel,
  controlTexts: readonly string[],
  log: LoadOptions["log"],
): ChatTemplate | null {
  const source = model.fileInfo.metadata.tokenizer?.chat_template;
  if (!source) return null;
  try {
    return new ChatTemplate({
      source,
      controlTexts,
      bosText: model.tokens.bosString,
      eosText: model.tokens.eosString,
      thinkingWords: thinkingWords(model.fileInfo.metadata.general?.name ?? ""),
    });
  } catch (error) {
    log("warn", `the chat template cannot be read, chat is off: ${(error as Error).message}`);
    return null;
  }
}

function controlTokensOf(
  model: LlamaModel,
  vocabulary: readonly Token[],
): ReadonlyMap<string, number> {
  const control = vocabulary.filter((token) => isControl(model.getTokenAttributes(token)));
  return new Map(control.map((token) => [model.detokenize([token], true), token]));
}

function longestText(vocabulary: readonly Token[], model: LlamaModel): number {
  let longest = 1;
  for (const token of vocabulary)
    longest = Math.max(longest, model.detokenize([token], true).length);
  return longest;
}

/** Tokens that the tokenizer reads out of text only if it is asked to. */
function isControl({ control, unknown }: TokenAttributes): boolean {
  return control || unknown;
}

async function describeDevice(llama: Llama, model: LlamaModel): Promise<string> {
  if (llama.gpu === false) return "CPU";
  const names = await llama.getGpuDeviceNames();
  const kind = { cuda: "CUDA", metal: "Metal", vulkan: "Vulkan" }[llama.gpu];
  const where = model.gpuLayers === 0 ? ", no layer fits" : "";
  return `${kind} (${names.join(", ")}${where})`;
}
