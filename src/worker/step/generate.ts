// Runs one request on one slot: prefill in slices, then decode token by token. Checks for an abort before every decode.

import type { Token } from "node-llama-cpp";
import type { StepEvent } from "../../engine/messages.ts";
import type { FreshEvent } from "../../generation/events.ts";
import type { Place } from "../cache/prefix-cache.ts";
import { evaluateWithLogprobs } from "../sampling/evaluate-with-logprobs.ts";
import { evaluateOptions } from "../sampling/sampling.ts";
import { positionLogprobs } from "../sampling/token-logprobs.ts";
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

async function decode(
  run: Run,
  slot: Slot,
  deps: GenerateDeps,
  lastSlice: Token[],
  onFirstToken: () => void,
): Promise<readonly StepEvent[]> {
  const tokens = generateTokens(run, slot, deps, lastSlice);
  let replacement: readonly Token[] | undefined;
  try {
    for (let isFirst = true; ; isFirst = false) {
      await deps.batcher.makeWay();
      if (run.isAborted) return aborted(run);
      const { value: token, done } = await tokens.next(replacement as Token[] | undefined);
      deps.batcher.computed();
      if (done) throw new Error("the engine ended the answer without an end token");
      if (isFirst) onFirstToken();
      if (run.isAborted) {
        run.tokensAfterAbort += isFirst ? lastSlice.length : 1;
        return aborted(run);
      }
      if (deps.model.isEogToken(token)) return outputs(run, run.finish("stop"));
      let last = accept(run, token, deps);
      const forced = last ? [] : run.takeForced();
      replacement = forced.length > 0 ? ([token, ...forced] as Token[]) : undefined;
      for (const each of forced) last ??= accept(run, each, deps);
      if (last) return last;
      if (run.isOutOfCredit && (await park(run, deps))) return [{ type: "suspended", id: run.id }];
    }
  } finally {
    await tokens.return();
  }
}

type TokenStream = AsyncGenerator<Token, void, Token[] | undefined>;

/** The tokens that the model generates, with their logprobs if the request asks for them. */
function generateTokens(
  run: Run,
  slot: Slot,
  { model }: GenerateDeps,
  lastSlice: Token[],
): TokenStream {
  const { sequence } = slot;
  const evaluate = evaluateOptions(model, run, slot);
  const { logprobs } = run.request;
  if (!logprobs) return sequence.evaluate(lastSlice, evaluate) as TokenStream;
  return evaluateWithLogprobs(lastSlice, {
    model,
    sequence,
    evaluate,
    top: logprobs.alternatives,
    onLogprobs: (token, given) => {
      if (!model.isEogToken(token)) run.addLogprobs(positionLogprobs(model, token, given));
    },
  });
}

/** @returns the last events if the answer ends with this token; otherwise sends its deltas and returns null */
function accept(run: Run, token: number, { emit }: GenerateDeps): readonly StepEvent[] | null {
  const events = run.accept(token);
  if (run.hasFinished) return outputs(run, events);
  for (const event of events) emit({ type: "output", id: run.id, event });
  return null;
}

function outputs({ id }: Run, events: readonly FreshEvent[]): readonly StepEvent[] {
  return events.map((event) => ({ type: "output", id, event }));
}

function aborted({ id, tokensAfterAbort }: Run): readonly StepEvent[] {
  return [{ type: "aborted", id, tokensAfterAbort }];
}

/** Waits until the reader has caught up. @returns whether the run must give up its slot instead */
async function park(run: Run, { batcher, emit }: GenerateDeps): Promise<boolean> {
  emit({ type: "parked", id: run.id });
  batcher.leave();
  try {
    await run.woken();
  } finally {
    batcher.enter();
  }
  return run.isSuspendWanted;
}
