// Decides, before the weights are loaded, how a model that generates is loaded: its context size and its layers on the GPU.

import path from "node:path";
import type { GgufInsights, Llama } from "node-llama-cpp";
import type { ModelOptions } from "../../engine/messages.ts";
import { ServiceError } from "../../errors.ts";
import {
  fitsInto,
  fitsWithLayersInRam,
  lessMemory,
  type MemoryUse,
  memoryText,
} from "../../generation/memory-use.ts";
import { adviseSize, type ContextSize, chooseContextTokens } from "./fit-context.ts";
import {
  freeMemory,
  layersOnGpu,
  type MemoryNeeds,
  memoryNeeds,
  PROCESS_MEMORY,
} from "./memory-needs.ts";

/** Largest slice of a prompt: short on a CPU so that an abort is quick, long on a GPU to keep the device busy. */
const CPU_BATCH_TOKENS = 128;
const GPU_BATCH_TOKENS = 512;
/** A model trained for a smaller context loads only with an explicit --context, because hardly any prompt would fit. */
export const MIN_DEFAULT_CONTEXT_TOKENS = 256;

export type LoadPlan = MemoryNeeds & {
  /** Tokens per slot. */
  readonly contextTokens: number;
  readonly batchTokens: number;
  /** Null: not all layers fit, and the library chooses. */
  readonly gpuLayers: number | null;
  /** What the weights and the context will take. */
  readonly need: MemoryUse;
};

type PlanOptions = {
  readonly llama: Llama;
  /** Facts of the file. */
  readonly insights: GgufInsights;
  readonly options: ModelOptions;
};

/** @throws ServiceError `model_too_large`, or `engine_unavailable` when there is no context size that is safe to choose */
export async function planLoad({ llama, insights, options }: PlanOptions): Promise<LoadPlan> {
  const { memoryLimit, slots, flashAttention } = options;
  const defaultBatch = llama.gpu === false ? CPU_BATCH_TOKENS : GPU_BATCH_TOKENS;
  const batchTokens = options.batchTokens ?? defaultBatch;
  const gpuLayers = llama.gpu === false ? 0 : layersOnGpu(insights, options);
  const kind = { gpuLayers, batchTokens, flashAttention, isEmbedding: false, contexts: 1 };
  const needs = await memoryNeeds(insights, kind);
  const free = await freeMemory(llama);
  const limit = memoryLimit && limitOnDevice(memoryLimit, free);
  const room = limit ? lessMemory(limit, free) : free;
  const contextTokens =
    options.contextTokens ??
    (await chooseContextTokens({
      trainedTokens: requireTrainedTokens(insights, options),
      slots,
      needAt: needs.needAt,
      room,
    }));
  const size = { contextTokens, slots };
  await requireRoom({ needs, size, limit, free, modelPath: options.modelPath });
  const need = await needs.needAt(size);
  const fitsOnGpu = llama.gpu !== false && need.vramBytes <= room.vramBytes;
  const chosenLayers = fitsOnGpu ? gpuLayers : null;
  return {
    ...needs,
    contextTokens,
    batchTokens,
    gpuLayers: options.gpuLayers ?? chosenLayers,
    need,
  };
}

/** @throws ServiceError when there is no context size that is safe to choose */
function requireTrainedTokens(
  { trainContextSize: trained = MIN_DEFAULT_CONTEXT_TOKENS }: GgufInsights,
  { modelPath }: ModelOptions,
): number {
  if (trained >= MIN_DEFAULT_CONTEXT_TOKENS) return trained;
  const message =
    `cannot load ${path.basename(modelPath)}: it was trained for a context of ${trained} tokens (context_length), and the minimum is ` +
    `${MIN_DEFAULT_CONTEXT_TOKENS}; to serve it with N tokens anyway, use --context N`;
  throw new ServiceError("engine_unavailable", message);
}

/** The server does not know how much memory a GPU has, so its limit may be above that. */
export function limitOnDevice({ ramBytes, vramBytes }: MemoryUse, free: MemoryUse): MemoryUse {
  return { ramBytes, vramBytes: Math.min(vramBytes, free.vramBytes) };
}

type RoomOptions = {
  readonly needs: MemoryNeeds;
  readonly size: ContextSize;
  /** On this device; null for none. */
  readonly limit: MemoryUse | null;
  /** On this device. */
  readonly free: MemoryUse;
  readonly modelPath: string;
};

/**
 * Compares the need with the limit. Layers may stay in RAM if the GPU has too little memory, but not if only the limit is below
 * that: then other models can be unloaded.
 * @throws ServiceError `model_too_large`, with the figures and what would fit */
export async function requireRoom(options: RoomOptions): Promise<void> {
  const { needs, size, limit, free, modelPath } = options;
  if (limit === null) return;
  const { weights, needAt } = needs;
  const need = await needAt(size);
  const fits = limit.vramBytes < free.vramBytes ? fitsInto : fitsWithLayersInRam;
  if (fits(need, limit)) return;
  const context = {
    ramBytes: need.ramBytes - weights.ramBytes - PROCESS_MEMORY.ramBytes,
    vramBytes: need.vramBytes - weights.vramBytes,
  };
  const slots = size.slots === 1 ? "1 slot" : `${size.slots} slots`;
  const parts = `weights ${memoryText(weights)}, ${slots} of ${size.contextTokens} tokens ${memoryText(context)}, its process ${memoryText(PROCESS_MEMORY)}`;
  const advice = await adviseSize({ size, needAt, room: limit });
  throw new ServiceError(
    "model_too_large",
    // Clients see this text, so it has the file's name without its folder.
    `${path.basename(modelPath)} needs ${memoryText(need)} (${parts}), ` +
      `and models may use ${memoryText(limit)} here (--memory-budget, minus pinned models); ${advice}`,
    { memory: need },
  );
}
