// Learns from each measured step how many threads should compute, and how large prompt slices may be.

import type { StepTime } from "./batcher.ts";
import type { PromptSlices } from "./prompt-slices.ts";
import { type GovernorState, govern, startGovernor } from "./thread-governor.ts";

export type StepMeterOptions = {
  readonly slices: PromptSlices;
  readonly maxThreads: number;
  /** Whether the number of threads follows the step times. */
  readonly isGoverned: boolean;
  /** Sets the number of threads for the next steps. */
  readonly setThreads: (threads: number) => void;
};

export class StepMeter {
  readonly #options: StepMeterOptions;
  #governor: GovernorState;

  constructor(options: StepMeterOptions) {
    this.#options = options;
    this.#governor = startGovernor(options.maxThreads);
  }

  get threads(): number {
    return this.#governor.threads;
  }

  observe(step: StepTime): void {
    this.#options.slices.observe(step);
    if (!this.#options.isGoverned) return;
    const before = this.#governor.threads;
    const { ms, decodes, promptTokens } = step;
    const atMs = performance.now();
    this.#governor = govern(this.#governor, { atMs, ms, tokens: decodes + promptTokens });
    if (this.#governor.threads !== before) this.#options.setThreads(this.#governor.threads);
  }
}
