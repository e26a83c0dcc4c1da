// Prefill: reads the prompt in slices, and reports its logprobs and its progress if the request asks for them.

import type { LlamaModel, Token } from "node-llama-cpp";
import type { StepEvent } from "../../engine/messages.ts";
import type { PrefixCache } from "../cache/prefix-cache.ts";
import { readWithLogprobs } from "../sampling/evaluate-with-logprobs.ts";
import { evaluateOptions } from "../sampling/sampling.ts";
import { firstPositionLogprobs, positionLogprobs } from "../sampling/token-logprobs.ts";
import type { Batcher } from "./batcher.ts";
import { nextCheckpoint, takeCheckpoint } from "./checkpoints.ts";
import type { PromptSlices } from "./prompt-slices.ts";
import type { Run } from "./run.ts";
import type { Slot } from "./slots.ts";
import type { Speculation } from "./speculation.ts";

export type GenerateDeps = {
  readonly model: LlamaModel;
  readonly batcher: Batcher;
  readonly slices: PromptSlices;
  readonly prefixes: Pick<PrefixCache, "take" | "enter" | "leave" | "hasRead">;
  /** Null: no drafts. */
  readonly speculation: Speculation | null;
  readonly emit: (event: StepEvent) => void;
};

/** Reads all tokens except the last slice, whose logits the decode needs. @returns the last slice; null after an abort */
export async function prefill(
  run: Run,
  slot: Slot,
  deps: GenerateDeps,
  startedAt: number,
): Promise<Token[] | null> {
  const { sequence } = slot;
  const unread = run.tokens.length - sequence.nextTokenIndex;
  const needsLogprobs = run.needsPromptLogprobs;
  const { checkpoints } = run.request;
  if (needsLogprobs && !hidesFirst(run, deps.model))
    run.addLogprobs(firstPositionLogprobs(deps.model, run.tokens[0] ?? 0));
  await takeCheckpoint(checkpoints, slot, deps.batcher); // at the end of the answer that the prompt continues
  for (;;) {
    await deps.batcher.makeWay();
    if (run.isAborted) return null;
    const position = sequence.nextTokenIndex;
    if (run.request.reportsProgress) reportProgress(run, position, startedAt, deps);
    const { readers, decoders } = deps.batcher;
    const checkpoint = nextCheckpoint(checkpoints, slot);
    const left = run.tokens.length - position;
    const wanted = position + deps.slices.tokens({ unread, left, readers, decodes: decoders });
    const end = Math.min(wanted, checkpoint);
    // For logprobs, the prompt is read up to its last token, so that the last token gets a logprob too.
    const slice = run.tokens.slice(
      position,
      needsLogprobs ? Math.min(end, run.tokens.length - 1) : end,
    ) as Token[];
    if (slice.length === 0) return run.tokens.slice(position) as Token[];
    if (position + slice.length === run.tokens.length) return slice;
    if (needsLogprobs) await readSliceWithLogprobs(run, slot, deps, slice);
    else {
      await sequence.evaluateWithoutGeneratingNewTokens(slice, {
        evaluationPriority: slot.id as never, // see shareBatch(), the only reader of this value
      });
    }
    deps.batcher.computed();
    if (run.isAborted) run.tokensAfterAbort += slice.length;
    else if (end === checkpoint) await takeCheckpoint(checkpoints, slot, deps.batcher);
  }
}

export function reportProgress(
  run: Run,
  processed: number,
  startedAt: number,
  { emit }: GenerateDeps,
): void {
  const { id, request, tally } = run;
  const [total, cached] = [request.promptTokens.length, tally.cachedTokens];
  const ms = performance.now() - startedAt;
  emit({ type: "output", id, event: { type: "prefill", total, cached, processed, ms } });
}

async function readSliceWithLogprobs(
  run: Run,
  slot: Slot,
  { model }: GenerateDeps,
  slice: Token[],
) {
  const { sequence } = slot;
  const position = sequence.nextTokenIndex;
  const following = run.tokens.slice(position + 1, position + 1 + slice.length) as Token[];
  const top = run.request.logprobs?.alternatives ?? 0;
  const evaluate = evaluateOptions(model, run, slot);
  const all = await readWithLogprobs(slice, following, { model, sequence, evaluate, top });
  for (const [index, logprobs] of all.entries())
    run.addLogprobs(positionLogprobs(model, following[index] ?? 0, logprobs));
}

/** Sends the prompt as the start of the answer's text. */
export function echoPrompt(run: Run, { model, emit }: GenerateDeps): void {
  const tokens = Array.from(run.request.promptTokens) as Token[];
  const shown = hidesFirst(run, model) ? tokens.slice(1) : tokens;
  const event = run.promptDelta(model.detokenize(shown, true));
  emit({ type: "output", id: run.id, event });
}

/** Whether the prompt starts with the model's begin token, which clients do not see. */
function hidesFirst(
  { request }: Run,
  { tokens: { bos, shouldPrependBosToken } }: LlamaModel,
): boolean {
  return shouldPrependBosToken && request.promptTokens[0] === bos;
}
