// Finds out what the models take that were never loaded, one after the other, for the lists of models and for the memory budget.

import { ServiceError } from "../errors.ts";
import type { MemoryUse } from "../generation/memory-use.ts";
import type { ModelInfo } from "../generation/model-info.ts";
import type { FleetModel } from "./fleet/fleet-model.ts";
import type { ModelSpec } from "./model-spec.ts";

export type SurveyOptions = {
  /** Reads the header of the file in a process of its own. @throws ServiceError */
  readonly describe: (spec: ModelSpec, options: DescribeOptions) => Promise<ModelInfo>;
  /** The memory limit with which a model would be loaded. */
  readonly memoryLimit: () => MemoryUse;
};

type DescribeOptions = {
  readonly signal: AbortSignal;
  readonly memoryLimit: MemoryUse;
};

export class Survey {
  readonly #options: SurveyOptions;
  readonly #waiting: FleetModel[] = [];
  readonly #closed = new AbortController();
  #hasStarted = false;
  #isRunning = false;

  constructor(options: SurveyOptions) {
    this.#options = options;
  }

  add(model: FleetModel): void {
    this.#waiting.push(model);
    if (this.#hasStarted) void this.#run();
  }

  /** Called when the first model is loaded, which the survey must not delay. */
  start(): void {
    this.#hasStarted = true;
    void this.#run();
  }

  /** The facts that a file gives. @throws ServiceError */
  describe(spec: ModelSpec): Promise<ModelInfo> {
    const { signal } = this.#closed;
    return this.#options.describe(spec, { signal, memoryLimit: this.#options.memoryLimit() });
  }

  close(): void {
    this.#closed.abort(new ServiceError("draining", "the server is shutting down"));
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      if (this.#closed.signal.aborted) return;
      if (next.isUnknown) await next.describe();
    }
    this.#isRunning = false;
  }
}
