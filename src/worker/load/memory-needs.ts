// Asks the library how much memory a model will take, before its weights are loaded. The library creates the model and the
// context without allocating their memory, so the figures are those that it reports after loading. It takes milliseconds.

import { GgufInsights, type Llama, readGgufFileInfo } from "node-llama-cpp";
import type { ModelOptions } from "../../engine/messages.ts";
import type { MemoryUse } from "../../generation/memory-use.ts";
import type { ContextSize, NeedAt } from "./fit-context.ts";

export type MemoryNeeds = {
  readonly weights: MemoryUse;
  /** Of the whole process. */
  readonly needAt: NeedAt;
};

/** Memory of a worker process besides the model and its context, as measured on Linux without a GPU: 75 MB. */
export const PROCESS_MEMORY: MemoryUse = { ramBytes: 80 * 2 ** 20, vramBytes: 0 };

type ContextKind = {
  readonly gpuLayers: number;
  readonly flashAttention: boolean;
  readonly isEmbedding: boolean;
  readonly batchTokens: number;
  /** How many contexts of the same size there are. */
  readonly contexts: number;
};

/** Reads the header of the file, or of all files of a split model. */
export async function readInsights(llama: Llama, modelPath: string): Promise<GgufInsights> {
  const info = await readGgufFileInfo(modelPath, { sourceType: "filesystem", logWarnings: false });
  return GgufInsights.from(info, llama);
}

export async function memoryNeeds(
  insights: GgufInsights,
  { gpuLayers, flashAttention, isEmbedding, batchTokens, contexts }: ContextKind,
): Promise<MemoryNeeds> {
  const ofModel = await insights.estimateModelResourceRequirementsV2({ gpuLayers });
  const weights = { ramBytes: ofModel.cpuRam, vramBytes: ofModel.gpuVram };
  const needAt = async ({ contextTokens, slots }: ContextSize) => {
    const ofContext = await insights.estimateContextResourceRequirementsV2({
      contextSize: contextTokens,
      sequences: slots,
      modelGpuLayers: gpuLayers,
      batchSize: Math.max(batchTokens, slots),
      flashAttention,
      isEmbeddingContext: isEmbedding,
    });
    return {
      ramBytes: PROCESS_MEMORY.ramBytes + weights.ramBytes + contexts * ofContext.cpuRam,
      vramBytes: weights.vramBytes + contexts * ofContext.gpuVram,
    };
  };
  return { weights, needAt };
}

/** All layers, unless the options ask for fewer. */
export function layersOnGpu(
  { totalLayers }: GgufInsights,
  { gpuLayers }: Pick<ModelOptions, "gpuLayers">,
): number {
  return Math.min(gpuLayers ?? totalLayers, totalLayers);
}

/** What is free now. A container's limit counts as the machine's memory. */
export async function freeMemory(llama: Llama): Promise<MemoryUse> {
  const ramBytes = process.availableMemory();
  if (llama.gpu === false) return { ramBytes, vramBytes: 0 };
  const { free } = await llama.getVramState();
  // The library keeps the padding free for the driver and other programs.
  return { ramBytes, vramBytes: Math.max(0, free - llama.vramPaddingSize) };
}
