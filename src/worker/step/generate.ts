// Runs one request on one slot: prefill in slices, then decode. Checks for an abort before every decode.

import type { StepEvent } from "../../engine/messages.ts";
import type { Place } from "../cache/prefix-cache.ts";
import { aborted, decode, outputs } from "./decode.ts";
import { echoPrompt, type GenerateDeps, prefill, reportProgress } from "./prefill.ts";
import type { Run } from "./run.ts";

/**
 * Generates until the answer ends or the run is aborted or suspended. Afterwards another run may use the slot, and can continue
 * from the tokens of a suspended one.
 * @returns the last events, to be sent when the slot is free: in one message, so that they arrive even if this process dies
 */
export async function generate(
  run: Run,
  place: Place,
  deps: GenerateDeps,
): Promise<readonly StepEvent[]> {
  const { batcher, prefixes } = deps;
  const { slot } = place;
  if (run.isAborted) return aborted(run);
  const startedAt = performance.now();
  const isFirstTime = run.tally.completionTokens === 0;
  const { cachedTokens, tier } = await prefixes.enter(place, run);
  if (isFirstTime) {
    run.tally.cachedTokens = cachedTokens;
    run.tally.prefixTier = tier;
  }
  const readingAt = performance.now();

  const endReading = batcher.enterReading();
  try {
    const lastSlice = await prefill(run, slot, deps, startedAt);
    if (!lastSlice) return aborted(run);
    if (isFirstTime && run.request.echoesPrompt) echoPrompt(run, deps);
    const onFirstToken = () => {
      endReading();
      prefixes.hasRead(run.tokens.length - cachedTokens, performance.now() - readingAt);
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
