// What is known about a model of the fleet: from the last time it was loaded, or from its file.

import { type ServiceError, toServiceError } from "../../errors.ts";
import type { MemoryUse } from "../../generation/memory-use.ts";
import type { ModelInfo } from "../../generation/model-info.ts";

export type ModelFactsOptions = {
  /** What it may take, as long as it is not known that it needs more. */
  readonly memoryShare: () => MemoryUse;
  /** Reads from the file what it takes; null if that is found out by loading it. @throws ServiceError */
  readonly describe: (() => Promise<ModelInfo>) | null;
};

export class ModelFacts {
  readonly #options: ModelFactsOptions;
  #loaded: ModelInfo | null = null;
  #ofFile: ModelInfo | null = null;
  #memory: MemoryUse | null = null;
  #isReading = false;

  constructor(options: ModelFactsOptions) {
    this.#options = options;
  }

  get share(): MemoryUse {
    return this.#options.memoryShare();
  }

  /** Whether its file can say what it takes, and was not asked. */
  get mayRead(): boolean {
    return this.#options.describe !== null && this.#memory === null && !this.#isReading;
  }

  get isReading(): boolean {
    return this.#isReading;
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

  /** Finds out from the file what it takes. @returns why the file cannot be used; null if it can, or is only too large */
  async read(): Promise<ServiceError | null> {
    const { describe } = this.#options;
    if (!describe) return null;
    this.#isReading = true;
    try {
      this.#ofFile = await describe();
      this.#memory ??= this.#ofFile.memory;
    } catch (thrown) {
      const error = toServiceError(thrown);
      if (!error.memory) return error;
      this.#memory ??= error.memory;
    } finally {
      this.#isReading = false;
    }
    return null;
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
