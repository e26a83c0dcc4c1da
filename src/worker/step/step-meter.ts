// Learns from each measured step how many threads should compute, and how large prompt slices may be.

import type { StepTime } from "./batcher.ts";
import type { PromptSlices } from "./prompt-slices.ts";
import { govern, startGovernor } from "./thread-governor.ts";

export type StepMeterOptions = {
  readonly slices: PromptSlices;
  readonly maxThreads: number;
  /** Whether the number of threads follows the step times. */
  readonly isGoverned: boolean;
  /** Sets the number of threads for the next steps. */
  readonly setThreads: (threads: number) => void;
};

/** @returns a function that learns from a step, and returns how many threads computed it */
export function stepMeter(options: StepMeterOptions): (step: StepTime) => number {
  const { slices, maxThreads, isGoverned, setThreads } = options;
  let governor = startGovernor(maxThreads);
  return (step) => {
    slices.observe(step);
    const { threads } = governor;
    if (!isGoverned) return threads;
    const { ms, decodes, promptTokens } = step;
    governor = govern(governor, { atMs: performance.now(), ms, tokens: decodes + promptTokens });
    if (governor.threads !== threads) setThreads(governor.threads);
    return threads;
  };
}
