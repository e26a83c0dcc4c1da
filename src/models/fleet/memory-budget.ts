// How much memory the loaded models may use together, and how much of it one of them.

import { ServiceError } from "../../errors.ts";
import { addMemory, fitsInto, type MemoryUse, memoryText } from "../../generation/memory-use.ts";

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
/** Memory of a process with contexts for embeddings, besides the weights. */
const EMBEDDING_BYTES = 2 ** 30;
/** The worker that loads the first model knows what the GPU has. */
const UNKNOWN_BYTES = Number.MAX_SAFE_INTEGER;

export class MemoryBudget {
  readonly total: MemoryUse;
  readonly #isGiven: boolean;

  constructor({ limitBytes, availableBytes, savedBytes, gpuBytes }: MemoryBudgetOptions) {
    this.#isGiven = limitBytes !== null;
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

  /** What a model for embeddings is expected to take at most: their contexts are small. */
  embeddingShare(fileBytes: number): MemoryUse {
    const { ramBytes, vramBytes } = this.#partOf(SHARE_OF_SEVERAL);
    const bytes = fileBytes + EMBEDDING_BYTES;
    return { ramBytes: Math.min(bytes, ramBytes), vramBytes: Math.min(bytes, vramBytes) };
  }

  #partOf(share: number): MemoryUse {
    const { ramBytes, vramBytes } = this.total;
    return { ramBytes: Math.floor(ramBytes * share), vramBytes: Math.floor(vramBytes * share) };
  }

  /** Null if the model fits beside those that cannot be unloaded, otherwise why it cannot be loaded. */
  refusal(name: string, need: MemoryUse, pinned: MemoryUse): ServiceError | null {
    if (fitsInto(addMemory(pinned, need), this.total)) return null;
    const hasPinned = pinned.ramBytes + pinned.vramBytes > 0;
    const used = hasPinned ? `, of which pinned models take ${memoryText(pinned)}` : "";
    const limit = this.#isGiven ? " (--memory-budget)" : "";
    const message =
      `${name} needs ${memoryText(need)}, and models may use ${memoryText(this.#shown)} here${limit}${used}; ` +
      "give it a smaller context or fewer slots, or choose a smaller file";
    return new ServiceError("model_too_large", message, { field: "model", memory: need });
  }

  /** Without the memory of a GPU whose size is not known. */
  get #shown(): MemoryUse {
    const { ramBytes, vramBytes } = this.total;
    return { ramBytes, vramBytes: vramBytes === UNKNOWN_BYTES ? 0 : vramBytes };
  }
}
