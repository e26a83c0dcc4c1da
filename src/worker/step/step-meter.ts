// Learns from each measured step how many threads should compute, how large prompt slices may be, and what drafts cost.

import type { StepTime } from "./batcher.ts";
import type { PromptSlices } from "./prompt-slices.ts";
import type { Speculation } from "./speculation.ts";
import { govern, startGovernor } from "./thread-governor.ts";

export type StepMeterOptions = {
  readonly slices: PromptSlices;
  readonly speculation: Speculation | null;
  readonly maxThreads: number;
  /** Whether the number of threads follows the step times. */
  readonly isGoverned: boolean;
  /** Sets the number of threads for the next steps. */
  readonly setThreads: (threads: number) => void;
};

/** @returns a function that learns from a step, and returns how many threads computed it */
export function stepMeter(options: StepMeterOptions): (step: StepTime) => number {
  const { slices, speculation, maxThreads, isGoverned, setThreads } = options;
  let governor = startGovernor(maxThreads);
  return (step) => {
    const { ms, decodes, promptTokens } = step;
    const drafted = step.drafts?.checked ?? 0;
    if (drafted === 0) slices.observe(step);
    speculation?.observe(step);
    const { threads } = governor;
    if (!isGoverned) return threads;
    const tokens = decodes + promptTokens;
    governor = govern(governor, { atMs: performance.now(), ms, tokens, drafted });
    if (governor.threads !== threads) setThreads(governor.threads);
    return threads;
  };
}
