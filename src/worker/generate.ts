// One request on one slot: prefill in slices, then decode token by token. Looks at its run's wishes before every decode.

import type { LlamaModel, Token } from "node-llama-cpp";
import type { FinishReason } from "../generation/events.ts";
import type { Batcher } from "./batching.ts";
import type { PromptSlices } from "./prompt-slices.ts";
import type { Run } from "./run.ts";
import { evaluateOptions } from "./sampling.ts";
import type { Slot } from "./slots.ts";

export type GenerateDeps = {
  readonly model: LlamaModel;
  readonly batcher: Batcher;
  readonly slices: PromptSlices;
  readonly onText: (run: Run, text: string, tokens: number) => void;
  readonly onParked: (run: Run) => void;
};

/** How a run's time on a slot ended. A suspended one goes on later, on any slot. */
export type Outcome =
  | { readonly type: "finished"; readonly reason: FinishReason }
  | { readonly type: "aborted" }
  | { readonly type: "suspended" };

const ABORTED: Outcome = { type: "aborted" };
const SUSPENDED: Outcome = { type: "suspended" };

/** Generates until the answer ends or the run is aborted or suspended. Afterwards the slot may be given away. */
export async function generate(run: Run, slot: Slot, deps: GenerateDeps): Promise<Outcome> {
  const { batcher } = deps;
  if (run.isAborted) return ABORTED;
  const startedAt = performance.now();
  if (!run.request.reusePrefix) await slot.clear(batcher);
  const cached = await slot.keepPrefix(run.tokens, batcher);
  const isFirstTime = run.generatedTokens === 0;
  if (isFirstTime) run.cachedTokens = cached;

  const endReading = batcher.enterReading();
  try {
    const lastSlice = await prefill(run, slot, deps);
    if (!lastSlice) return ABORTED;
    return await decode(run, slot, deps, lastSlice, () => {
      endReading();
      if (isFirstTime) run.prefillMs = performance.now() - startedAt;
    });
  } finally {
    endReading();
    batcher.leave();
    if (!run.request.reusePrefix) await slot.clear(batcher);
  }
}

/**
 * Reads all tokens but the last slice, whose logits the decode needs.
 * @returns the last slice, or null when the run was aborted
 */
async function prefill(run: Run, slot: Slot, deps: GenerateDeps): Promise<Token[] | null> {
  const { sequence } = slot;
  const unread = run.tokens.length - sequence.nextTokenIndex;
  for (;;) {
    await deps.batcher.makeWay();
    if (run.isAborted) return null;
    const position = sequence.nextTokenIndex;
    const { readers, decoders } = deps.batcher;
    const end = position + deps.slices.tokens({ unread, readers, decodes: decoders });
    const slice = run.tokens.slice(position, end) as Token[];
    if (position + slice.length === run.tokens.length) return slice;
    await sequence.evaluateWithoutGeneratingNewTokens(slice, {
      evaluationPriority: slot.id as never, // see shareBatch: the strategy is its only reader
    });
    deps.batcher.computed();
    if (run.isAborted) run.tokensAfterAbort += slice.length;
  }
}

async function decode(
  run: Run,
  slot: Slot,
  deps: GenerateDeps,
  lastSlice: Token[],
  onFirstToken: () => void,
): Promise<Outcome> {
  const options = evaluateOptions(deps.model, run, slot);
  const tokens = slot.sequence.evaluate(lastSlice, options);
  let unsent = 0;
  try {
    for (let isFirst = true; ; isFirst = false) {
      await deps.batcher.makeWay();
      if (run.isAborted) return ABORTED;
      const { value: token, done } = await tokens.next();
      deps.batcher.computed();
      if (done) throw new Error("the engine ended the answer without an end token");
      if (isFirst) onFirstToken();
      if (run.isAborted) {
        run.tokensAfterAbort += isFirst ? lastSlice.length : 1;
        return ABORTED;
      }
      const { text, end } = take(run, token, deps.model);
      unsent += 1;
      if (text !== "") {
        deps.onText(run, text, unsent);
        unsent = 0;
      }
      if (end) return { type: "finished", reason: end };
      if (run.isOutOfCredit) {
        const isSuspended = await park(run, deps);
        if (isSuspended) return SUSPENDED;
      }
    }
  } finally {
    await tokens.return();
  }
}

function take(run: Run, token: Token, model: LlamaModel) {
  return model.isEogToken(token) ? run.finish("stop") : run.accept(token);
}

/** Waits until the reader has caught up. @returns whether the slot is to be given up meanwhile */
async function park(run: Run, { batcher, onParked }: GenerateDeps): Promise<boolean> {
  onParked(run);
  batcher.leave();
  try {
    await run.woken();
  } finally {
    batcher.enter();
  }
  const isSuspended = run.isSuspendWanted && !run.isAborted;
  run.isSuspendWanted = false;
  return isSuspended;
}
