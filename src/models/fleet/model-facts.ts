// What is known about a model of the fleet: from the last time it was loaded, or from its file.

import type { MemoryUse } from "../../generation/memory-use.ts";
import type { ModelInfo } from "../../generation/model-info.ts";

export class ModelFacts {
  #loaded: ModelInfo | null = null;
  #ofFile: ModelInfo | null = null;
  #memory: MemoryUse | null = null;
  readonly #share: () => MemoryUse;

  /** @param share what it may take, as long as it is not known that it needs more */
  constructor(share: () => MemoryUse) {
    this.#share = share;
  }

  get share(): MemoryUse {
    return this.#share();
  }

  /** What it takes, or is expected to take when it is loaded. */
  get expectedMemory(): MemoryUse {
    return this.#memory ?? this.share;
  }

  /** From the last time it was loaded; null if it never was. */
  get loaded(): ModelInfo | null {
    return this.#loaded;
  }

  /** From the last time it was loaded, or from its file; null if neither is known. */
  get known(): ModelInfo | null {
    return this.#loaded ?? this.#ofFile;
  }

  /** What it takes when it is loaded; null if that is not known yet. */
  get memory(): MemoryUse | null {
    return this.#memory;
  }

  load(info: ModelInfo): void {
    this.#loaded = info;
    this.#memory = info.memory;
  }

  /** Takes over what was found out without loading it. @param info null if only its memory is known */
  learn(memory: MemoryUse, info: ModelInfo | null): void {
    this.#ofFile = info;
    this.#memory ??= memory;
  }

  /** An attempt to load it has found out what it needs. */
  needs(memory: MemoryUse): void {
    this.#memory = memory;
  }

  /** The file has changed. */
  forgetMemory(): void {
    this.#memory = null;
  }
}
