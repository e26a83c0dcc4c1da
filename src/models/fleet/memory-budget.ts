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

/** Memory of a process with contexts for embeddings, besides the weights. */
const EMBEDDING_BYTES = 2 ** 29;
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

  /**
   * What a model that generates may take with a context of its choice: one of several gets half, so that two fit.
   * @param models that generate
   * @param embeddingFiles sizes of the files of other models that the settings name
   */
  shareOf(models: number, embeddingFiles: readonly number[]): MemoryUse {
    if (models > 1) return this.#half;
    const reserved = embeddingFiles.reduce((sum, bytes) => sum + bytes + EMBEDDING_BYTES, 0);
    return this.beside({ ramBytes: reserved, vramBytes: reserved });
  }

  /** What a model for embeddings is expected to take: hardly more than its file, because its contexts are small. */
  embeddingShare(fileBytes: number): MemoryUse {
    const ofFile = { ramBytes: fileBytes, vramBytes: 0 };
    return lessMemory(this.#half, ofFile);
  }

  /** What is left beside models that cannot be unloaded. */
  beside(pinned: MemoryUse): MemoryUse {
    const { ramBytes, vramBytes } = this.total;
    return {
      ramBytes: Math.max(0, ramBytes - pinned.ramBytes),
      vramBytes: Math.max(0, vramBytes - pinned.vramBytes),
    };
  }

  get #half(): MemoryUse {
    const { ramBytes, vramBytes } = this.total;
    return { ramBytes: Math.floor(ramBytes / 2), vramBytes: Math.floor(vramBytes / 2) };
  }
}
