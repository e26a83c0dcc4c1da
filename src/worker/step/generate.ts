// Runs one request on one slot: prefill in slices, then decode. Checks for an abort before every decode.

import type { StepEvent } from "../../engine/messages.ts";
import { aborted, decode, outputs } from "./decode.ts";
import { echoPrompt, type GenerateDeps, prefill, reportProgress } from "./prefill.ts";
import type { Run } from "./run.ts";
import type { Slot } from "./slots.ts";

/**
 * Generates until the answer ends or the run is aborted or suspended. Afterwards another run may use the slot, and can continue
 * from the tokens of a suspended one.
 * @returns the last events, to be sent when the slot is free: in one message, so that they arrive even if this process dies
 */
export async function generate(
  run: Run,
  slot: Slot,
  deps: GenerateDeps,
): Promise<readonly StepEvent[]> {
  const { batcher } = deps;
  if (run.isAborted) return aborted(run);
  const startedAt = performance.now();
  const isFirstTime = run.tally.completionTokens === 0;
  await slot.enterScope(run.cacheScope, batcher);
  if (!run.request.reusePrefix || run.needsPromptLogprobs) await slot.clear(batcher);
  const cached = await slot.keepPrefix(run.tokens, batcher);
  if (isFirstTime) run.tally.cachedTokens = cached;

  const endReading = batcher.enterReading();
  try {
    const lastSlice = await prefill(run, slot, deps, startedAt);
    if (!lastSlice) return aborted(run);
    if (isFirstTime && run.request.echoesPrompt) echoPrompt(run, deps);
    const onFirstToken = () => {
      endReading();
      if (!isFirstTime) return;
      run.tally.prefillMs = performance.now() - startedAt;
      if (run.request.reportsProgress)
        reportProgress(run, run.request.promptTokens.length, startedAt, deps);
    };
    if (run.request.maxTokens === 0) {
      onFirstToken();
      return outputs(run, run.finish("length"));
    }
    return await decode(run, slot, deps, lastSlice, onFirstToken);
  } finally {
    endReading();
    batcher.leave();
    if (!run.request.reusePrefix) await slot.clear(batcher);
  }
}
