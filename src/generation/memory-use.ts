// How much memory a model takes, in RAM and on the GPU. The worker computes it before and after loading; errors, the banner and
// `sluice show` say it.

/** Weights, or contexts, or both. */
export type MemoryUse = {
  readonly ramBytes: number;
  /** Memory of the GPU; 0 without a GPU. */
  readonly vramBytes: number;
};

/** The memory for one size of the context. */
export type MemoryRow = {
  /** Tokens per slot. */
  readonly contextTokens: number;
  readonly slots: number;
  /** The weights included. */
  readonly memory: MemoryUse;
};

/** What a model would take on this machine, for `sluice show`. */
export type MemoryReport = {
  readonly weights: MemoryUse;
  /** The instructions of the processor that the library uses, as it names them; empty if it does not say. */
  readonly processor: string;
  /** What this machine has free now. */
  readonly free: MemoryUse;
  /** Whether the model fits into the free memory, at its asked or chosen size. */
  readonly fits: boolean;
  /** What to change so that it fits; null if it does. */
  readonly advice: string | null;
  readonly rows: readonly MemoryRow[];
};

export function addMemory(one: MemoryUse, other: MemoryUse): MemoryUse {
  return {
    ramBytes: one.ramBytes + other.ramBytes,
    vramBytes: one.vramBytes + other.vramBytes,
  };
}

export function lessMemory(one: MemoryUse, other: MemoryUse): MemoryUse {
  return {
    ramBytes: Math.min(one.ramBytes, other.ramBytes),
    vramBytes: Math.min(one.vramBytes, other.vramBytes),
  };
}

/** Whether it fits as it is, without a layer that moves from the GPU to RAM. */
export function fitsInto(need: MemoryUse, room: MemoryUse): boolean {
  return need.ramBytes <= room.ramBytes && need.vramBytes <= room.vramBytes;
}

/** Whether it fits when the layers for which the GPU has no room stay in RAM. */
export function fitsWithLayersInRam(need: MemoryUse, room: MemoryUse): boolean {
  const movedBytes = Math.max(0, need.vramBytes - room.vramBytes);
  return need.ramBytes + movedBytes <= room.ramBytes;
}

/** e.g. `4.92 GB`, or `0.61 GB of RAM and 4.31 GB of GPU memory`. */
export function memoryText({ ramBytes, vramBytes }: MemoryUse): string {
  if (vramBytes === 0) return bytesText(ramBytes);
  return `${bytesText(ramBytes)} of RAM and ${bytesText(vramBytes)} of GPU memory`;
}

export function bytesText(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

export const NO_MEMORY: MemoryUse = { ramBytes: 0, vramBytes: 0 };
