// How much memory the loaded models may use together, and how much of it one of them.

import { lessMemory, type MemoryUse } from "../../generation/memory-use.ts";

export type MemoryBudgetOptions = {
  /** The limit in RAM, and in the memory of the GPU, in bytes each; null for what this machine allows. */
  readonly limitBytes: number | null;
  /** RAM that this process could take at the start. */
  readonly availableBytes: number;
  /** RAM that saved prompts may take. */
  readonly savedBytes: number;
  /** Memory of the GPUs; 0 without a GPU, and before a model was loaded. */
  readonly gpuBytes: number;
};

/** Share of the GPU's memory left to the driver and other programs. */
const GPU_RESERVE_SHARE = 0.05;
/** RAM left to the server, the workers' own code, and other programs. */
const RESERVE_SHARE = 0.1;
const MIN_RESERVE_BYTES = 512 * 2 ** 20;

/** A single model leaves room for one that computes embeddings; of several models, two should fit. */
const SHARE_OF_ONE = 7 / 8;
const SHARE_OF_SEVERAL = 1 / 2;
/** The worker that loads the first model knows what the GPU has. */
const UNKNOWN_BYTES = Number.MAX_SAFE_INTEGER;

export class MemoryBudget {
  readonly total: MemoryUse;

  constructor({ limitBytes, availableBytes, savedBytes, gpuBytes }: MemoryBudgetOptions) {
    const reserveBytes = Math.max(MIN_RESERVE_BYTES, availableBytes * RESERVE_SHARE);
    const freeBytes = Math.max(0, Math.floor(availableBytes - reserveBytes - savedBytes));
    const usableGpuBytes = Math.floor(gpuBytes * (1 - GPU_RESERVE_SHARE));
    this.total = {
      ramBytes: limitBytes ?? freeBytes,
      vramBytes: Math.min(
        limitBytes ?? UNKNOWN_BYTES,
        gpuBytes > 0 ? usableGpuBytes : UNKNOWN_BYTES,
      ),
    };
  }

  /** What a model that generates may take with a context of its choice. @param models that generate */
  shareOf(models: number): MemoryUse {
    return this.#partOf(models <= 1 ? SHARE_OF_ONE : SHARE_OF_SEVERAL);
  }

  /** What a model for embeddings is expected to take: hardly more than its file, because its contexts are small. */
  embeddingShare(fileBytes: number): MemoryUse {
    const ofFile = { ramBytes: fileBytes, vramBytes: 0 };
    return lessMemory(this.#partOf(SHARE_OF_SEVERAL), ofFile);
  }

  /** What is left beside models that cannot be unloaded. */
  beside(pinned: MemoryUse): MemoryUse {
    const { ramBytes, vramBytes } = this.total;
    return {
      ramBytes: Math.max(0, ramBytes - pinned.ramBytes),
      vramBytes: Math.max(0, vramBytes - pinned.vramBytes),
    };
  }

  #partOf(share: number): MemoryUse {
    const { ramBytes, vramBytes } = this.total;
    return { ramBytes: Math.floor(ramBytes * share), vramBytes: Math.floor(vramBytes * share) };
  }
}
