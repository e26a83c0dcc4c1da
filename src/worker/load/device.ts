// Chooses the device (CPU, CUDA, Metal or Vulkan), and fits a model and its context into the device's memory.

import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  GgufFileType,
  getLlama,
  InsufficientMemoryError,
  type Llama,
  LlamaLogLevel,
  type LlamaModel,
  NoBinaryFoundError,
} from "node-llama-cpp";
import type { GpuChoice, ModelOptions } from "../../engine/messages.ts";
import { ServiceError } from "../../errors.ts";
import type { MemoryUse } from "../../generation/memory-use.ts";
import type { ModelInfo } from "../../generation/model-info.ts";
import { checkModelFile } from "../model-file/check-model-file.ts";

/** Native log lines come from other threads and may arrive later than the error that they explain. */
const NATIVE_LOG_MS = 200;

export type LoadOptions = {
  readonly options: ModelOptions;
  /** 0 to 1. */
  readonly onProgress: (progress: number) => void;
  readonly log: (level: "warn" | "error", message: string) => void;
};

export type Device = { readonly llama: Llama; readonly note: string | null };
type NativeLogger = (level: LlamaLogLevel, message: string) => void;

/**
 * Checks the file, opens the device and loads the model on it. An error includes the first error line of the native log.
 * @throws ServiceError `engine_unavailable` with one clear line
 */
export async function withDevice<T>(
  { gpu, modelPath }: ModelOptions,
  load: (device: Device) => Promise<T>,
): Promise<T> {
  checkModelFile(modelPath);
  const nativeErrors: string[] = [];
  try {
    const device = await openDevice(gpu, (level, message) => {
      if (level === LlamaLogLevel.error || level === LlamaLogLevel.fatal)
        nativeErrors.push(message.trim());
    });
    return await load(device);
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    await sleep(NATIVE_LOG_MS);
    const reasons = [error instanceof Error ? error.message : String(error), nativeErrors[0]];
    throw new ServiceError(
      "engine_unavailable",
      `cannot load ${path.basename(modelPath)}: ${reasons.filter(Boolean).join(": ")}`,
      { cause: error },
    );
  }
}

/** `auto` takes the best device that works here; a named device is used or refused. Never compiles or downloads anything. */
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
    if (gpu !== "auto" && llama.gpu !== gpu)
      throw unusableDevice(gpu, "this platform does not support it");
    const note = llama.gpu === false ? "found no GPU that CUDA, Metal or Vulkan can use" : null;
    return { llama, note };
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    const isMissing = error instanceof NoBinaryFoundError;
    const reason = isMissing ? "found no GPU or no driver for it" : (error as Error).message;
    if (gpu !== "auto") throw unusableDevice(gpu, reason, error);
    return {
      llama: await getLlama({ ...common, gpu: false }),
      note: `the GPU could not be used: ${reason}`,
    };
  }
}

function unusableDevice(gpu: GpuChoice, reason: string, cause?: unknown): ServiceError {
  return new ServiceError(
    "engine_unavailable",
    `--gpu ${gpu} cannot be used: ${reason}; try --gpu auto or --gpu off`,
    { cause },
  );
}

type FitOptions = LoadOptions & {
  /** Layers to put on the GPU; null lets the library choose. */
  readonly gpuLayers: number | null;
};

/** With too little GPU memory, retries with half of the layers on the GPU, down to none. */
export async function fitIntoMemory<T>(
  llama: Llama,
  { options, gpuLayers: planned, onProgress, log }: FitOptions,
  createContext: (model: LlamaModel) => Promise<T>,
): Promise<{ readonly model: LlamaModel; readonly context: T }> {
  if (llama.gpu !== false && options.memoryLimit)
    await llama.setVramCap(options.memoryLimit.vramBytes); // the library chooses layers that fit below it
  let gpuLayers: number | "auto" = planned ?? "auto";
  for (;;) {
    let model: LlamaModel | undefined;
    try {
      model = await llama.loadModel({
        modelPath: options.modelPath,
        gpuLayers: llama.gpu === false ? 0 : gpuLayers,
        defaultContextFlashAttention: options.flashAttention,
        onLoadProgress: onProgress,
      });
      return { model, context: await createContext(model) };
    } catch (error) {
      const used: number = model?.gpuLayers ?? (gpuLayers === "auto" ? 0 : gpuLayers);
      await model?.dispose();
      if (llama.gpu === false || used === 0 || !isOutOfMemory(error)) throw error;
      gpuLayers = Math.floor(used / 2);
      log("warn", `too little GPU memory for ${used} layers, trying ${gpuLayers}`);
    }
  }
}

function isOutOfMemory(error: unknown): boolean {
  if (error instanceof InsufficientMemoryError) return true;
  return error instanceof Error && /memory|failed to (create|load|allocate)/i.test(error.message);
}

/** The memory that the library allocated for a model or a context. */
export function memoryOf({ memoryUsage }: Pick<LlamaModel, "memoryUsage">): MemoryUse {
  return { ramBytes: memoryUsage.ram, vramBytes: memoryUsage.vram };
}

/** Facts about a loaded model and its device, for the model endpoints. */
export async function modelFacts({ llama, note }: Device, model: LlamaModel) {
  const { fileInfo, fileInsights, tokens } = model;
  const { name: modelName, architecture, file_type: type } = fileInfo.metadata.general;
  const name = type === undefined ? undefined : GgufFileType[type];
  const { prefix, suffix, middle } = tokens.infill;
  return {
    name: modelName ?? null,
    device: await describeDevice(llama, model),
    deviceNote: note,
    gpuBytes: llama.gpu === false ? 0 : (await llama.getVramState()).total,
    gpuLayers: model.gpuLayers,
    totalLayers: fileInsights.totalLayers,
    trainedContextTokens: fileInsights.trainContextSize ?? model.trainContextSize,
    isEmbedding: isEmbedding(model),
    canRank: fileInsights.supportsRanking,
    modelBytes: model.size,
    family: architecture,
    parameters: fileInsights.totalParameters,
    quantization: name?.replace(/^(MOSTLY|ALL)_/, "") ?? null,
    canInfill: [prefix, suffix, middle].every((token) => token !== null),
    beginningText: tokens.bosString,
    endText: tokens.eosString,
  } satisfies Partial<ModelInfo>;
}

/** Whether the file says that its result is pooled from all tokens, or that tokens see those after them. */
function isEmbedding({ fileInfo, fileInsights }: LlamaModel): boolean {
  // The cast is needed because the library's types have these fields for a few architectures only.
  const metadata = fileInfo.architectureMetadata as {
    readonly pooling_type?: number;
    readonly attention?: { readonly causal?: boolean };
  };
  const isPooled = (metadata.pooling_type ?? 0) !== 0 || fileInsights.supportsRanking;
  return isPooled || metadata.attention?.causal === false;
}

/** The device's kind and names, for people to read. */
async function describeDevice(llama: Llama, model: LlamaModel): Promise<string> {
  if (llama.gpu === false) return "CPU";
  const names = await llama.getGpuDeviceNames();
  const kind = { cuda: "CUDA", metal: "Metal", vulkan: "Vulkan" }[llama.gpu];
  const where = model.gpuLayers === 0 ? ", no layer fits" : "";
  return `${kind} (${names.join(", ")}${where})`;
}
